import { Command, InvalidArgumentError } from 'commander';
import pkg from '../../package.json' with { type: 'json' };
import { type CommonOptions, type Context, createContext } from './context.ts';

type Options = Readonly<Record<string, string | number | boolean | undefined>>;
type Action = (context: Context, args: readonly string[], options: Options) => Promise<void>;

/** The tree of commands. What they do is loaded when one is run, so that help is quick. */
export function createProgram(): Command {
  const program = common(new Command('pristinectl'))
    .description('What a person or a script says to a pristine-server, over its HTTP API.')
    .version(pkg.version)
    .exitOverride()
    .showHelpAfterError('(--help says more)')
    .addHelpText(
      'after',
      `
Environment: PRISTINE_SERVER, PRISTINE_TOKEN, PRISTINE_TOKEN_FILE; NO_COLOR.
Exit codes: 0 done; 2 usage, or refused by the server; 3 a proof does not hold; 4 server unreachable; 5 not allowed.

Examples:
  pristinectl keys trust image.pub && pristinectl images push ./manifest
  pristinectl apply -f fleet.yaml
  pristinectl tokens create --group web-prod --image web@7
  pristinectl instances list --group web-prod --content drifted
  pristinectl groups plan web-prod
  pristinectl events --follow --json`,
    );

  leaf(
    program,
    'apply',
    'declare groups and policies; applying the same again changes nothing',
    async () => (await import('./commands/apply.ts')).apply,
  )
    .requiredOption('-f, --file <file>', 'YAML or JSON, one or more documents; - is standard input')
    .addHelpText('after', examples('pristinectl apply -f fleet.yaml', 'generate | pristinectl apply -f -'));

  const images = noun(program, 'images', 'what instances are made from');
  const image = () => import('./commands/images.ts');
  leaf(images, 'push <dir>', 'push a baked and signed manifest', async () => (await image()).push).addHelpText(
    'after',
    examples('pristinectl images push ./manifest'),
  );
  leaf(images, 'list', 'pushed images', async () => (await image()).list);
  leaf(images, 'get <image>', 'one image, by digest or NAME@VERSION', async () => (await image()).get);

  const rules = noun(program, 'rules', 'which differences count, signed apart from an image');
  const rule = () => import('./commands/rules.ts');
  leaf(
    rules,
    'push <file>',
    'show what newer signed rules would change over the fleet, then activate them',
    async () => (await rule()).push,
  )
    .option('--yes', 'activate without asking')
    .option('--wait <duration>', 'how long to wait for agents, each time (default: 5m)')
    .addHelpText(
      'after',
      `
What only the new rules find triggers nothing for an hour. To go back, sign the former rules with a higher sequence.
${examples('pristinectl rules push web-2.rules.json', 'pristinectl rules push web-2.rules.json --yes --wait 1m --json')}`,
    );
  leaf(rules, 'list', 'pushed rules, the latest first', async () => (await rule()).list).option(
    '--image <name>',
    'of this image name',
  );
  leaf(
    rules,
    'show <image> <sequence>',
    'one set of rules; of a candidate, what it would change',
    async () => (await rule()).show,
  );
  leaf(rules, 'withdraw <image> <sequence>', 'drop a candidate', async () => (await rule()).withdraw);

  const keys = noun(program, 'keys', 'the public keys that images may be signed with');
  const key = () => import('./commands/keys.ts');
  leaf(keys, 'trust <file>', 'trust a public key (SPKI PEM)', async () => (await key()).trust)
    .option('--name <name>', 'what people call it (default: the name of the file)')
    .addHelpText('after', examples('pristinectl keys trust image.pub --name build-2026'));
  leaf(keys, 'list', 'trusted keys', async () => (await key()).list);

  const tokens = noun(program, 'tokens', 'what an agent enrols with');
  const token = () => import('./commands/tokens.ts');
  leaf(tokens, 'create', 'make a join token; it is shown once', async () => (await token()).create)
    .requiredOption('--group <name>', 'the group its instances belong to')
    .requiredOption('--image <name@version>', 'the pushed image they were made from')
    .option('--label <key=value>', 'a label of its instances; may be repeated', collectLabel)
    .option('--uses <count>', 'how many instances may use it (default: 1)', wholeNumber)
    .option('--expires-in <duration>', 'such as 30m (default: 1h)')
    .addHelpText('after', examples('pristinectl tokens create --group web-prod --image web@7 --expires-in 15m'));
  leaf(tokens, 'list', 'join tokens, without their secrets', async () => (await token()).list);

  const groups = noun(program, 'groups', 'the replaceable sets of instances');
  const group = () => import('./commands/groups.ts');
  leaf(groups, 'list', 'groups and the states of their instances', async () => (await group()).list);
  leaf(groups, 'get <name>', 'one group', async () => (await group()).get);
  leaf(groups, 'plan <name>', 'what would be replaced now, and what holds the rest', async () => (await group()).plan);
  leaf(groups, 'launch <name>', 'launch instances of its stable image', async () => (await group()).launch)
    .requiredOption('--count <count>', 'how many', wholeNumber)
    .option('--key <key>', 'the same key launches once, however often it is asked for')
    .addHelpText('after', examples('pristinectl groups launch web-prod --count 3 --key first-three'));
  leaf(
    groups,
    'reset-breaker <name>',
    'let replacing go on after a breaker tripped',
    async () => (await group()).resetBreaker,
  ).requiredOption('--reason <text>', 'why; kept with the event');

  const policies = noun(program, 'policies', 'what is replaced, why, and how many at once');
  const policy = () => import('./commands/policies.ts');
  leaf(policies, 'list', 'policies', async () => (await policy()).list);
  leaf(policies, 'get <name>', 'one policy', async () => (await policy()).get);

  const instances = noun(program, 'instances', 'the machines');
  const instance = () => import('./commands/instances.ts');
  leaf(instances, 'list', 'instances', async () => (await instance()).list)
    .option('--group <name>', 'of this group')
    .option('--content <verdict>', 'in_sync, drifted or unverifiable')
    .option('--lifecycle <state>', 'active, replacing, quarantined or retired')
    .option('--all', 'retired ones too')
    .addHelpText('after', examples('pristinectl instances list --content drifted --json'));
  leaf(instances, 'get <id>', 'one instance', async () => (await instance()).get);
  leaf(instances, 'findings <id>', 'how it differs from its image', async () => (await instance()).findings)
    .option('--all', 'closed ones too')
    .option('--diff', 'what changed inside public text files too')
    .addHelpText('after', examples('pristinectl instances findings 0199… --diff'));
  leaf(instances, 'scan <id>', 'ask its agent for a sweep', async () => (await instance()).scan);

  const drifts = noun(program, 'drifts', 'equal findings across the fleet');
  const drift = () => import('./commands/drifts.ts');
  leaf(drifts, 'list', 'drifts, newest first', async () => (await drift()).list).option(
    '--all',
    'those that no instance has any more, too',
  );
  leaf(
    drifts,
    'get <fingerprint>',
    'one drift, by its fingerprint or the beginning of it',
    async () => (await drift()).get,
  );
  leaf(
    drifts,
    'beneath <fingerprint>',
    'every file of a relabel, by the fingerprint of the relabel or the beginning of it',
    async () => (await drift()).beneath,
  );

  const replacements = noun(program, 'replacements', 'one new instance for one old one');
  const replacement = () => import('./commands/replacements.ts');
  leaf(replacements, 'list', 'replacements, newest first', async () => (await replacement()).list)
    .option('--group <name>', 'of this group')
    .option('--active', 'only those under way');
  leaf(replacements, 'get <id>', 'one replacement with its steps', async () => (await replacement()).get);
  leaf(replacements, 'proof <id>', 'its signed proof, as it is', async () => (await replacement()).proof).option(
    '-o, --output <file>',
    'write it there; refuses a file that exists',
  );

  const taint = noun(program, 'taint', 'the mark of having drifted');
  leaf(
    taint,
    'pardon <instance>',
    'lift it, where a person knows better',
    async () => (await import('./commands/taint.ts')).pardon,
  ).requiredOption('--reason <text>', 'why; kept with the event');

  const proof = noun(program, 'proof', 'the signed record that a replacement was measured clean');
  leaf(
    proof,
    'verify <file>',
    'check signature and claims; exit 0 when it holds, 3 when not',
    async () => (await import('./commands/proof.ts')).verify,
  )
    .option('--pub <file>', 'the public key of the server that signed it; without it the server is asked')
    .addHelpText('after', examples('pristinectl proof verify r.dsse.json --pub server.pub'));

  leaf(program, 'events', 'what happened', async () => (await import('./commands/events.ts')).events)
    .option('--follow', 'go on with what happens from now')
    .option('--after <id>', 'begin after this event', wholeNumber)
    .addHelpText('after', examples('pristinectl events --follow', 'pristinectl events --after 120 --json'));

  return program;
}

function noun(parent: Command, name: string, summary: string): Command {
  return parent.command(name).description(summary).exitOverride();
}

/** A command that does something. The common options may stand before or after it. */
function leaf(parent: Command, usage: string, summary: string, load: () => Promise<Action>): Command {
  return common(parent.command(usage))
    .description(summary)
    .exitOverride()
    .action(async (...given: unknown[]) => {
      const command = given.at(-1) as Command;
      const options = command.optsWithGlobals<CommonOptions & Options>();
      const action = await load();
      await action(createContext(options), command.args, options);
    });
}

function common(command: Command): Command {
  return command
    .option('--server <url>', 'the server (default: PRISTINE_SERVER, or http://127.0.0.1:7420)')
    .option('--token-file <file>', 'a file with the token (default: PRISTINE_TOKEN, or PRISTINE_TOKEN_FILE)')
    .option('--json', 'print exactly what the API says');
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('expected a whole number');
  return Number(text);
}

function collectLabel(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('expected KEY=VALUE');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
