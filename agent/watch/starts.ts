import { type Actor, boundActor } from '../../shared/actor.ts';
import type { Clock } from '../../shared/clock.ts';
import { encodeRaw, type RawName } from '../../shared/name.ts';
import { digestOfMemory } from '../collect/live/memory-file.ts';
import { lookAtProcess, type Place, plainFileAt } from '../collect/live/processes.ts';
import { isWithoutPath, programOf } from '../collect/live/program.ts';
import { fileStateAt, sizeAt } from '../host/stat.ts';
import { scriptOf } from './script.ts';
import type { OnStart } from './watcher.ts';

export interface StartsOptions {
  readonly onStart: OnStart;
  /** Programs without a file began that were not read: some at once is too much. */
  readonly onUnread: () => void;
  readonly actorOf: (pid: number) => Actor;
  /** Whether `opened` is called for each. */
  readonly isToldOfOpens: () => boolean;
  /** Of the machine that is looked at. */
  readonly own: Place;
  readonly clock: Pick<Clock, 'monotonic'>;
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
/** Of programs without a file, which are read to know them. */
const [memoryBytesAtOnceMax, memoryBytesPerSecondMax] = [128 * 1_048_576, 16 * 1_048_576];

export function openStarts(options: StartsOptions): Starts {
  const { onStart, onUnread, actorOf, isToldOfOpens, own, clock, proc = '/proc' } = options;
  /** By name, which file it was and how it stood; of one without a path, what was in it. */
  const told = new Map<RawName, string>();
  let room = memoryBytesAtOnceMax;
  let roomAt = clock.monotonic();
  let isShort = false;
  return {
    started(pid) {
      const at = `${proc}/${pid}`;
      const seen = lookAtProcess(at, own);
      // One that has ended may have been seen as its file was opened.
      if (typeof seen !== 'object' || seen.place === 'contained') return;
      const program = programOf(seen.link, seen.file, plainFileAt);
      const { name, state } = program;
      const script = isToldOfOpens() ? undefined : scriptOf(at, seen.file);
      if (script !== undefined) tellFile(script, pid);
      if (state === 'there') return tellFile(name, pid);
      if (!isWithoutPath(program)) return onStart({ name, state, actor: actorOf(pid) });
      // To read it takes time, which whoever starts many of them must not have of us: what still runs the sweeps read.
      const bytes = sizeAt(`${at}/exe`);
      if (bytes === undefined || !mayRead(bytes)) return;
      const digest = digestOfMemory(`${at}/exe`);
      // One that ends before it is read may be a copy of a program of the image, and is passed over, as by sweeps.
      if (digest === undefined || (digest !== 'unknown' && isTold(name, digest))) return;
      onStart({ name, state, digest, actor: actorOf(pid) });
    },
    opened(path, pid) {
      const seen = lookAtProcess(`${proc}/${pid}`, own);
      // One that has ended may have left the container that it came from, and this file is ours.
      if (typeof seen !== 'object' || seen.place !== 'contained') tellFile(path, pid);
    },
    doubt(programs) {
      if (programs === undefined) told.clear();
      else for (const name of programs) told.delete(name);
    },
  };

  function mayRead(bytes: number): boolean {
    const now = clock.monotonic();
    room = Math.min(memoryBytesAtOnceMax, room + ((now - roomAt) / 1_000) * memoryBytesPerSecondMax);
    roomAt = now;
    if (bytes > room) {
      if (!isShort) onUnread();
      isShort = true;
      return false;
    }
    isShort = false;
    room -= bytes;
    return true;
  }

  function tellFile(name: RawName, pid: number): void {
    const state = fileStateAt(name);
    if (state !== undefined && isTold(name, state)) return;
    const actor = actorOf(pid);
    // It was opened before it could be read what the process runs: this is it, or runs it.
    const named = actor.program === null ? boundActor({ ...actor, program: encodeRaw(name) }) : actor;
    onStart({ name, state: state === undefined ? 'deleted' : 'there', actor: named });
  }

  /** Whether it was told of as it stands; from now on it was. */
  function isTold(name: RawName, state: string): boolean {
    if (told.get(name) === state) return true;
    told.delete(name);
    told.set(name, state);
    if (told.size > toldMax) told.delete(told.keys().next().value!);
    return false;
  }
}
