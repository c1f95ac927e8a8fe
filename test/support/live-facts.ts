import type { Libraries } from '../../agent/collect/live/libraries.ts';
import type { Holders, Listeners } from '../../agent/collect/live/listeners.ts';
import type { Machine } from '../../agent/collect/live/machine.ts';
import type { Processes } from '../../agent/collect/live/processes.ts';

/** A machine on which nothing runs but what is given. */
export function aMachine({
  programs = new Map(),
  copies = new Map(),
  libraries = new Map(),
  environment = new Set(),
  contained = 0,
  kernel,
  listeners = { sockets: [], clients: 0, unseen: undefined },
  holders = () => ({ of: new Map(), isPartial: false }),
}: {
  readonly programs?: Processes['programs'];
  readonly copies?: Processes['copies'];
  readonly libraries?: Libraries;
  readonly environment?: Machine['environment'];
  readonly contained?: number;
  readonly kernel?: Machine['kernel'];
  readonly listeners?: Listeners;
  readonly holders?: (inodes: ReadonlySet<string>, programs?: ReadonlySet<string>) => Holders;
}): Machine {
  const processes = { programs, copies, contained };
  return { processes, libraries, environment, kernel, listeners: () => listeners, holders, holes: [] };
}
