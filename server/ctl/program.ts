import { Command } from 'commander';
import pkg from '../../package.json' with { type: 'json' };
import { addImages, addTokens } from './coming-in.ts';
import { collect, common, leaf, noun, wholeNumber } from './command.ts';
import { addQuarantine } from './evidence.ts';
import { addPeople } from './people.ts';

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

  const instances = noun(program, 'instances', 'the machines');
  const instance = () => import('./commands/instances.ts');
  leaf(
    instances,
    'list',
    'instances',
    async () => (await instance()).list,
    'instances list --group web-prod --content drifted',
  )
    .option('--group <name>', 'of this group')
    .option('--content <verdict>', 'in_sync, drifted or unverifiable')
    .option('--lifecycle <state>', 'active, replacing, quarantined or retired')
    .option('--all', 'retired ones too');
  leaf(
    instances,
    'get <instance>',
    `one instance, by ${instanceSaid}`,
    async () => (await instance()).get,
    'instances get i-0a1b2c3d',
  );
  leaf(
    instances,
    'findings <instance>',
    'how it differs from its image, worst first',
    async () => (await instance()).findings,
    'instances findings i-0a1b2c3d --diff',
  )
    .option('--all', 'closed ones too')
    .option('--diff', 'what changed inside public text files too');
  leaf(
    instances,
    'scan <instance>',
    'ask its agent for a sweep',
    async () => (await instance()).ask('scan', 'a sweep'),
    'instances scan i-0a1b2c3d',
  );
  leaf(
    instances,
    'rotate-key <instance>',
    'ask its agent for another key; the one that it has then opens no connection any more',
    async () => (await instance()).ask('rotate-key', 'another key'),
    'instances rotate-key i-0a1b2c3d',
  );
  const decisions = [
    [
      'trust',
      'end the doubt which machine it is, where a person has looked',
      'the other one was a snapshot, now deleted',
    ],
    ['accept', 'of those that claim one machine, say which one is it; the others are retired', 'the other is a copy'],
    ['revoke-key', 'let its key open no connection any more, for ever', 'its disk was copied'],
    ['retire', 'say that it is no more; its machine is not touched', 'imaged anew under another key'],
  ] as const;
  for (const [name, says, because] of decisions) {
    leaf(
      instances,
      `${name} <instance>`,
      says,
      async () => (await instance()).decide(name),
      `instances ${name} i-0a1b2c3d --reason '${because}'`,
    ).requiredOption('--reason <text>', 'why; kept with the event');
  }

  const look = () => import('./commands/looks.ts');
  leaf(
    instances,
    'look <instance>',
    'look at its disk from outside, and compare it with what its agent told',
    async () => (await look()).look,
    'instances look i-0a1b2c3d --wait',
  ).option('--wait', 'until it has ended: an agent that is asked first may take hours');
  leaf(
    instances,
    'looks <instance>',
    'outside looks at it, newest first',
    async () => (await look()).listOf,
    'instances looks i-0a1b2c3d',
  );

  const looks = noun(program, 'looks', 'disks that the server looked at itself');
  leaf(
    looks,
    'list',
    'outside looks over the fleet, newest first',
    async () => (await look()).list,
    'looks list --group web-prod',
  ).option('--group <name>', 'of this group');
  leaf(looks, 'get <id>', `one outside look, by ${idSaid}`, async () => (await look()).get, 'looks get 0199a1b2');

  const drifts = noun(program, 'drifts', 'equal findings across the fleet');
  const drift = () => import('./commands/drifts.ts');
  leaf(drifts, 'list', 'drifts, newest first', async () => (await drift()).list, 'drifts list').option(
    '--all',
    'those that no instance has any more, too',
  );
  leaf(
    drifts,
    'get <fingerprint>',
    'one drift, by its fingerprint or the beginning of it',
    async () => (await drift()).get,
    'drifts get 0e4fcfad7e6d',
  );
  leaf(
    drifts,
    'beneath <fingerprint>',
    'every file of a relabel, by the fingerprint of the relabel or the beginning of it',
    async () => (await drift()).beneath,
    'drifts beneath 0e4fcfad7e6d',
  );

  const exemptions = noun(program, 'exemptions', 'approved, scoped, expiring permission for a drift');
  const exemption = () => import('./commands/exemptions.ts');
  leaf(
    exemptions,
    'list',
    'exemptions in force, the one that ends next first; `apply` declares them',
    async () => (await exemption()).list,
    'exemptions list',
  ).option('--all', 'those that expired or were ended too');
  leaf(exemptions, 'show <name>', 'one exemption', async () => (await exemption()).show, 'exemptions show old-motd');
  leaf(
    exemptions,
    'end <name>',
    'end it now: what it was for drifts and taints again, since it was first seen',
    async () => (await exemption()).end,
    "exemptions end old-motd --reason 'web@8 has the new text'",
  ).requiredOption('--reason <text>', 'why; kept with the event');

  const replacements = noun(program, 'replacements', 'one new instance for one old one');
  const replacement = () => import('./commands/replacements.ts');
  leaf(
    replacements,
    'list',
    'replacements, newest first',
    async () => (await replacement()).list,
    'replacements list --group web-prod --active',
  )
    .option('--group <name>', 'of this group')
    .option('--active', 'only those under way');
  leaf(
    replacements,
    'get <id>',
    `one replacement with its steps, by ${idSaid}`,
    async () => (await replacement()).get,
    'replacements get 55ec72',
  );
  leaf(
    replacements,
    'start <instance>',
    `ask for the replacement of an instance, named by ${instanceSaid}`,
    async () => (await replacement()).start,
    "replacements start i-0a1b2c3d --policy web --reason 'its disk is slow'",
  )
    .requiredOption('--policy <name>', 'one that selects it and has `{manual: true}` among its triggers')
    .requiredOption('--reason <text>', 'why; kept with the event')
    .addHelpText(
      'after',
      `
All that holds back other replacements holds back this one too, but for settling. What cannot begin within a day is forgotten.`,
    );
  leaf(
    replacements,
    'proof <id>',
    'its signed proof, as it is',
    async () => (await replacement()).proof,
    'replacements proof 55ec72 -o proof.json',
  ).option('-o, --output <file>', 'write it there; refuses a file that exists');

  leaf(
    replacements,
    'why <instance>',
    `why an instance is replaced, or why it is not, by ${instanceSaid}`,
    async () => (await import('./commands/why.ts')).why,
    'replacements why i-0a1b2c3d',
  );
  for (const [name, says, because] of [
    ['abort', 'give it up while there is a way back', 'the image is wrong'],
    ['retry', 'try a stuck one again; of one that failed too often, let the next begin', 'the quota is raised'],
  ] as const)
    leaf(
      replacements,
      `${name} <id>`,
      says,
      async () => (await replacement()).intervene(name),
      `replacements ${name} 55ec72 --reason '${because}'`,
    ).requiredOption('--reason <text>', 'why; kept with its steps');

  addQuarantine(program, instanceSaid);

  const taint = noun(program, 'taint', 'the mark of having drifted');
  leaf(
    taint,
    'pardon <instance>',
    `lift it, where a person knows better; an instance is named by ${instanceSaid}`,
    async () => (await instance()).decide('pardon'),
    "taint pardon i-0a1b2c3d --reason 'a test of the pager'",
  ).requiredOption('--reason <text>', 'why; kept with the event');

  const proof = noun(program, 'proof', 'the signed record that a replacement was measured clean');
  leaf(
    proof,
    'verify <file>',
    'check signature and claims; exit 0 when it holds, 3 when not',
    async () => (await import('./commands/proof.ts')).verify,
    'proof verify proof.json',
    'proof verify proof.json --pub server.pub --revocations revocations.json',
  )
    .option('--pub <file>', 'the public key of the server that signed it; without it the server is asked')
    .option('--revocations <file>', 'what `proof revocations --json` printed; without --pub the server is asked');
  leaf(
    proof,
    'revocations',
    'proofs that hold no more, because the drift came back within a day',
    async () => (await import('./commands/proof.ts')).revocations,
    'proof revocations --json > revocations.json',
  );

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
