import type { Command } from 'commander';
import { leaf, noun } from './command.ts';

/** The commands about machines that are kept as evidence. `instanceSaid` is how people name one of many. */
export function addQuarantine(program: Command, instanceSaid: string): void {
  const quarantine = noun(program, 'quarantine', 'machines that are kept as evidence');
  const kept = () => import('./commands/quarantine.ts');
  leaf(
    quarantine,
    'list',
    'what is kept, newest first',
    async () => (await kept()).list,
    'quarantine list --group web-prod',
  )
    .option('--group <name>', 'of this group')
    .option('--all', 'those that have ended too');
  leaf(
    quarantine,
    'get <instance>',
    `how one is kept, by ${instanceSaid}`,
    async () => (await kept()).get,
    'quarantine get i-0a1b2c3d',
  );
  leaf(
    quarantine,
    'start <instance>',
    'isolate it and keep it; nothing takes its place until a policy replaces it',
    async () => (await kept()).start,
    "quarantine start i-0a1b2c3d --reason 'an unknown key in authorized_keys'",
  )
    .requiredOption('--reason <text>', 'why; kept with it')
    .option('--keep-for <duration>', 'for how long at least (default: as the policies of its group say, or 72h)');
  leaf(
    quarantine,
    'release <instance>',
    'nobody needs it any more: end the machine, and drop its snapshot',
    async () => (await kept()).release,
    "quarantine release i-0a1b2c3d --reason 'case 17 is closed'",
  ).requiredOption('--reason <text>', 'why; kept with the event');
  leaf(
    quarantine,
    'extend <instance>',
    'keep it for longer',
    async () => (await kept()).extend,
    "quarantine extend i-0a1b2c3d --by 48h --reason 'the disk is being read'",
  )
    .requiredOption('--by <duration>', 'how much longer')
    .requiredOption('--reason <text>', 'why; kept with the event');

  leaf(
    program,
    'orphans',
    'what providers have that no record owns: machines, marks, snapshots; and records whose machine is gone',
    async () => (await kept()).orphans,
    'orphans',
    'orphans --json',
  );
}
