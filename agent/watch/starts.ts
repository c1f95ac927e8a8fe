import type { Actor } from '../../shared/actor.ts';
import { encodeRaw, type RawName } from '../../shared/name.ts';
import { digestOfMemory } from '../collect/live/memory-file.ts';
import { lookAtProcess, type Place, plainFileAt } from '../collect/live/processes.ts';
import { programOf } from '../collect/live/program.ts';
import { fileStateAt } from '../host/stat.ts';
import type { OnStart } from './watcher.ts';

export interface StartsOptions {
  readonly onStart: OnStart;
  readonly actorOf: (pid: number) => Actor;
  readonly isContained: (pid: number) => boolean;
  /** Of the machine that is looked at. */
  readonly own: Place;
  readonly proc?: string;
}

/** Tells of the programs that begin to run, each file once as long as it stays as it is. */
export interface Starts {
  /** A process has started a program: looks at it while it runs. */
  started(pid: number): void;
  /** A file was opened to be run, by a process that may have ended: a program, a script, or what these need to run. */
  opened(path: RawName, pid: number): void;
  /** Tells again of these, or of all. */
  doubt(programs?: Iterable<RawName>): void;
}

/** Files that were told of, the first ones forgotten first. */
const toldMax = 4_096;

export function openStarts({ onStart, actorOf, isContained, own, proc = '/proc' }: StartsOptions): Starts {
  /** By name, which file it was and how it stood. */
  const told = new Map<RawName, string>();
  return {
    started(pid) {
      const at = `${proc}/${pid}`;
      const seen = lookAtProcess(at, own);
      // One that has ended may have been seen as its file was opened.
      if (typeof seen !== 'object' || seen.place === 'contained') return;
      const { name, state } = programOf(seen.link, seen.file, plainFileAt);
      if (state === 'there') return tellFile(name, pid);
      if (state !== 'memfd') return onStart({ name, state, actor: actorOf(pid) });
      const digest = digestOfMemory(`${at}/exe`);
      onStart({ name, state, digest: digest ?? 'unknown', actor: actorOf(pid) });
    },
    opened(path, pid) {
      if (!isContained(pid)) tellFile(path, pid);
    },
    doubt(programs) {
      if (programs === undefined) told.clear();
      else for (const name of programs) told.delete(name);
    },
  };

  function tellFile(name: RawName, pid: number): void {
    const state = fileStateAt(name);
    if (state !== undefined) {
      if (told.get(name) === state) return;
      told.delete(name);
      told.set(name, state);
      if (told.size > toldMax) told.delete(told.keys().next().value!);
    }
    const actor = actorOf(pid);
    // It was opened before it could be read what the process runs: this is it, or runs it.
    const named = actor.program === null ? { ...actor, program: encodeRaw(name) } : actor;
    onStart({ name, state: state === undefined ? 'deleted' : 'there', actor: named });
  }
}
