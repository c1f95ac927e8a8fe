import type { Actor } from '../../shared/actor.ts';
import type { Clock } from '../../shared/clock.ts';
import type { RawName } from '../../shared/name.ts';
import { ownPlace } from '../collect/live/processes.ts';
import type { Arguments } from './command-line.ts';
import { createProcessTable } from './process-table.ts';
import { type ProcessWatcher, watchProcesses } from './process-watcher.ts';
import { readProcess } from './read-process.ts';
import { openStarts } from './starts.ts';
import type { OnLost, OnStart } from './watcher.ts';

export interface ProcessesOptions {
  /** Given where the root is that of the machine: what else runs there says nothing of a root that merely lies on it. */
  readonly onStart: OnStart | undefined;
  /** Of what began to run some is not known, and only what still runs can be. */
  readonly onStartsLost: OnLost;
  /** Whether `opened` is called for each file that is opened to be run. */
  readonly isToldOfOpens: () => boolean;
  readonly commandLines: Arguments;
  readonly clock: Clock;
}

/** The processes of this machine: who they are, and what they begin to run. */
export interface Processes {
  actorOf(pid: number): Actor;
  /** Takes in what has happened until now. */
  drain(): void;
  /** A process has opened a file to run it: by its path as we see it. */
  opened(path: RawName, pid: number): void;
  /** Programs that begin to run are told of again. */
  doubt(programs?: Iterable<RawName>): void;
  /** Why short-lived processes may go unnamed: null where each is told of. */
  readonly error: string | null;
  close(): void;
}

export function followProcesses(options: ProcessesOptions): Processes {
  const { onStart, onStartsLost, isToldOfOpens, commandLines, clock } = options;
  const own = ownPlace('/proc');
  let watcher: ProcessWatcher | string = '';
  const errorNow = () => (typeof watcher === 'string' ? watcher : watcher.error);
  const table = createProcessTable({
    read: (pid, before) => readProcess(pid, { shown: commandLines, own, before }),
    isFollowed: () => errorNow() === null,
    clock,
  });
  const { actorOf } = table;
  const starts =
    onStart &&
    openStarts({
      ...{ onStart, actorOf, isToldOfOpens, own, clock },
      onUnread: () => onStartsLost('more programs began without a file than are read'),
    });
  watcher = watchProcesses({
    clock,
    onEvent: (event) => {
      table.note(event);
      if (event.kind === 'started') starts?.started(event.pid);
    },
    onLost: () => {
      table.forget();
      if (starts === undefined) return;
      starts.doubt();
      onStartsLost('more processes began than the kernel keeps for us');
    },
  });
  return {
    actorOf,
    opened(path, pid) {
      table.opened(pid, path);
      starts?.opened(path, pid);
    },
    doubt: (programs) => starts?.doubt(programs),
    drain: () => typeof watcher === 'object' && watcher.drain(),
    get error() {
      return errorNow();
    },
    close: () => typeof watcher === 'object' && watcher.close(),
  };
}
