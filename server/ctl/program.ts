import { Command } from 'commander';
import pkg from '../../package.json' with { type: 'json' };
import { addImages, addTokens } from './coming-in.ts';
import { collect, common, leaf, noun, wholeNumber } from './command.ts';
import { addQuarantine } from './evidence.ts';
import { addMachines } from './machines.ts';
import { addPeople } from './people.ts';
import { addReplacing } from './replacing.ts';

/** How lists and people call them (`wanted-id.ts`). */
const idSaid = 'its id, or the beginning or end of it';
const instanceSaid = `the name of its machine, ${idSaid}`;

/** The tree of commands. What they do is loaded when one is run, so that help is quick. */
export function createProgram(): Command {
  const program = common(new Command('pristinectl'))
    .description('What a person or a script says to a pristine-server, over its HTTP API.')
    .version(pkg.version)
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .helpOption('-h, --help', 'show help')
    .addHelpText(
      'after',
      `
Environment: PRISTINE_SERVER, PRISTINE_CA, PRISTINE_TOKEN, PRISTINE_TOKEN_FILE; NO_COLOR.
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
    'declare groups, policies and exemptions; applying the same again changes nothing',
    async () => (await import('./commands/apply.ts')).apply,
    'apply -f fleet.yaml',
    'apply -f - < fleet.yaml',
  ).requiredOption('-f, --file <file>', 'YAML or JSON, one or more documents; - is standard input');

  addImages(program);

  const rules = noun(program, 'rules', 'which differences count, signed apart from an image');
  const rule = () => import('./commands/rules.ts');
  leaf(
    rules,
    'push <file>',
    'show what newer signed rules would change over the fleet, then activate them',
    async () => (await rule()).push,
    'rules push rules-2.dsse.json',
    'rules push rules-2.dsse.json --yes --wait 1m --json',
  )
    .option('--yes', 'activate without asking')
    .option('--wait <duration>', 'how long to wait for agents, each time (default: 5m)')
    .addHelpText(
      'after',
      `
The file is what \`pristine rules sign\` wrote. Without --yes it asks, on a terminal, once it has shown what would change.
What only the new rules find triggers nothing for an hour. To go back, sign the former rules with a higher sequence.`,
    );
  leaf(
    rules,
    'list',
    'pushed rules, the latest first',
    async () => (await rule()).list,
    'rules list --image web',
  ).option('--image <name>', 'of this image name');
  leaf(
    rules,
    'show <image> <sequence>',
    'one set of rules; of a candidate, what it would change',
    async () => (await rule()).show,
    'rules show web 2',
  );
  leaf(
    rules,
    'withdraw <image> <sequence>',
    'drop a candidate',
    async () => (await rule()).withdraw,
    'rules withdraw web 2',
  );

  const keys = noun(program, 'keys', 'the public keys that images may be signed with');
  const key = () => import('./commands/keys.ts');
  leaf(
    keys,
    'trust <file>',
    'trust a public key (SPKI PEM)',
    async () => (await key()).trust,
    'keys trust image.pub --name build-2026',
  ).option('--name <name>', 'what people call it (default: the name of the file)');
  leaf(keys, 'list', 'trusted keys', async () => (await key()).list, 'keys list');

  addTokens(program, idSaid);

  const groups = noun(program, 'groups', 'the replaceable sets of instances');
  const group = () => import('./commands/groups.ts');
  leaf(groups, 'list', 'groups and the states of their instances', async () => (await group()).list, 'groups list');
  leaf(groups, 'get <name>', 'one group', async () => (await group()).get, 'groups get web-prod');
  leaf(
    groups,
    'plan <name>',
    'what would be replaced now, and what holds the rest',
    async () => (await group()).plan,
    'groups plan web-prod',
  );
  leaf(
    groups,
    'launch <name>',
    'launch instances of its stable image',
    async () => (await group()).launch,
    'groups launch web-prod --count 3 --key first-three',
  )
    .requiredOption('--count <count>', 'how many', wholeNumber)
    .option('--key <key>', 'the same key launches once, however often it is asked for');
  leaf(
    groups,
    'reset-breaker <name>',
    'let replacing go on after a breaker tripped',
    async () => (await group()).resetBreaker,
    "groups reset-breaker web-prod --reason 'web@8 is baked again'",
  ).requiredOption('--reason <text>', 'why; kept with the event');

  const policies = noun(program, 'policies', 'what is replaced, why, and how many at once');
  const policy = () => import('./commands/policies.ts');
  leaf(policies, 'list', 'policies', async () => (await policy()).list, 'policies list');
  leaf(
    policies,
    'simulate',
    'what the policies of a file would do now, and would have done in the last days; nothing is changed',
    async () => (await import('./commands/simulate.ts')).simulate,
    'policies simulate -f policy.yaml --days 30',
  )
    .requiredOption(
      '-f, --file <file>',
      'YAML or JSON with policies; - is standard input. Groups are as the server has them',
    )
    .option('--days <days>', 'also what they would have done in so many days before now', wholeNumber);
  leaf(policies, 'get <name>', 'one policy', async () => (await policy()).get, 'policies get web-prod');

  addPeople(program, { groups, policies, instanceSaid, idSaid });

  addMachines(program, { instanceSaid, idSaid });
  addReplacing(program, { instanceSaid, idSaid });
  addQuarantine(program, instanceSaid);

  const webhook = noun(program, 'webhook', 'who is called when something is wrong');
  const webhooks = () => import('./commands/webhook.ts');
  leaf(
    webhook,
    'test',
    'call now; a test that is taken enables a webhook that was disabled',
    async () => (await webhooks()).test,
    'webhook test',
  );
  leaf(
    webhook,
    'status',
    'what waits to be delivered, what was given up, and why',
    async () => (await webhooks()).status,
    'webhook status',
  );

  leaf(
    program,
    'events',
    'what happened',
    async () => (await import('./commands/events.ts')).events,
    'events --follow',
    'events --after 120 --json',
    'events --type token --type instance.doubted',
  )
    .option('--follow', 'go on with what happens from now')
    .option('--after <id>', 'begin after this event', wholeNumber)
    .option('--type <type>', 'of this type, or of all of a noun, such as token; may be repeated', collect)
    .option('--instance <instance>', `about this instance, named by ${instanceSaid}`);

  return program;
}
