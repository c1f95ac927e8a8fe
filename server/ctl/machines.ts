import type { Command } from 'commander';
import { leaf, noun } from './command.ts';

/** The commands about machines, what differs on them, and what they are forgiven. */

/** How people name one of many. */
interface Said {
  readonly instanceSaid: string;
  readonly idSaid: string;
}

export function addMachines(program: Command, said: Said): void {
  addInstances(program, said);
  addLooks(program, said);
  addDrifts(program);
  addExemptions(program);
  addTaint(program, said);
}

function addInstances(program: Command, { instanceSaid }: Said): void {
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
    .option('--all', 'retired ones too')
    .addHelpText(
      'after',
      '\nMachines without an agent stand at its end, unless it is narrowed to a verdict or a life.',
    );
  leaf(
    instances,
    'absent',
    'machines that providers have and no agent ever enrolled from',
    async () => (await instance()).listAbsent,
    'instances absent --group web-prod --json',
  ).option('--group <name>', 'of this group');
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
}

function addLooks(program: Command, { idSaid }: Said): void {
  const look = () => import('./commands/looks.ts');
  const looks = noun(program, 'looks', 'disks that the server looked at itself');
  leaf(
    looks,
    'list',
    'outside looks over the fleet, newest first',
    async () => (await look()).list,
    'looks list --group web-prod',
  ).option('--group <name>', 'of this group');
  leaf(looks, 'get <id>', `one outside look, by ${idSaid}`, async () => (await look()).get, 'looks get 0199a1b2');
}

function addDrifts(program: Command): void {
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
}

function addExemptions(program: Command): void {
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
}

function addTaint(program: Command, { instanceSaid }: Said): void {
  const taint = noun(program, 'taint', 'the mark of having drifted');
  leaf(
    taint,
    'pardon <instance>',
    `lift it, where a person knows better; an instance is named by ${instanceSaid}`,
    async () => (await import('./commands/instances.ts')).decide('pardon'),
    "taint pardon i-0a1b2c3d --reason 'a test of the pager'",
  ).requiredOption('--reason <text>', 'why; kept with the event');
}
