import { type Actor, differentActors } from '../../shared/actor.ts';
import type { Name, RawName } from '../../shared/name.ts';
import type { Hint, Start } from '../watch/watcher.ts';

/** What hints said of one subject since somebody looked at it. */
export interface Note {
  readonly changes: number;
  readonly isWritten: boolean;
  /** Different ones; of more than a finding holds, the first. */
  readonly actors: readonly Actor[];
}

/** Of a program that began to run. */
export interface StartNote extends Note {
  /** Each way in which it was met. */
  readonly starts: readonly Omit<Start, 'actor' | 'name'>[];
}

export interface Dirt {
  readonly names: ReadonlyMap<Name, Note>;
  readonly programs: ReadonlyMap<RawName, StartNote>;
}

/**
 * What hints point at, waiting for a check: each once, bounded. What changes again and again waits longer each time, so that
 * a flapping file is one finding with a count and not a report a second.
 */
export interface DirtySet {
  /** How many subjects wait, those that are not due included. */
  readonly size: number;
  /** More was noted than is kept: only a sweep can answer that. Until `goOn`, names are noted for `takeForgotten` alone. */
  readonly overflowed: boolean;
  goOn(): void;
  add(hint: Hint, now: number): void;
  addStart(start: Start, now: number): void;
  /** Changes happened of which no name is known. */
  overflow(): void;
  /** When the next is due, in monotonic milliseconds; infinity when none waits. */
  dueAt(): number;
  /** All that is due; the rest waits on. */
  take(now: number): Dirt;
  /** Something is wrong with these, and is told: only they may wait long when they change again. */
  found(names: Iterable<string>): void;
  /** What was taken and will be looked at by a sweep: who did it is still known then. */
  forget(dirt: Dirt): void;
  /** Of what was to be looked at when it became too much, who did it: for the findings of the sweep that looks instead. */
  takeForgotten(): Dirt;
}

/** Past it names are forgotten and a sweep is asked for. */
const dirtyPathsMax = 4_096;
/** Different names, a second: who changes more is looked at by a sweep, which is cheaper, and costs them less. */
const namesPerSecondMax = 2_048;
/** Of all names that wait, and likewise of those that were forgotten: others choose how long they are. */
const namesCharsMax = 4 * 1_048_576;
/** Programs that wait. Of more, only those that still run are found, by the sweep that is asked for. */
const programsMax = 1_024;
/** Of so many names past it, who changed them is still known. */
const forgottenMax = 16_384;
/** What was looked at lately, the longest ago forgotten first. */
const rememberedMax = 1_024;
/** What has not changed for so long since it was looked at begins anew. */
const quietMs = 60_000;
/** From the second look in a row to the third; doubled with each, */
const waitMs = 250;
/** up to so long where what is wrong is told already, */
const waitMsMax = 60_000;
/** and up to so long where nothing was seen: what comes and goes between two looks must not have long. */
const unseenWaitMsMax = 2_000;

interface Looked {
  readonly at: number;
  /** How often in a row. */
  readonly streak: number;
  isFound: boolean;
}

interface Waiting {
  readonly dueAt: number;
  changes: number;
  isWritten: boolean;
  actors: readonly Actor[];
}

export function createDirtySet(namesMax = dirtyPathsMax): DirtySet {
  const names = new Map<Name, Waiting>();
  const programs = new Map<RawName, Waiting & { starts: StartNote['starts'] }>();
  /** By name: when it, or the program of that name, was looked at, and how often in a row. */
  const looked = new Map<string, Looked>();
  /** Of the names that wait, and of those that were forgotten. */
  const chars = { waiting: 0, forgotten: 0 };
  let second = { began: Number.NEGATIVE_INFINITY, names: 0 };
  let overflowed = false;
  let soonestAt = Number.POSITIVE_INFINITY;
  const forgotten = new Map<Name, Waiting>();
  const isTooFast = (now: number) => {
    if (now - second.began >= 1_000) second = { began: now, names: 0 };
    second.names++;
    return second.names > namesPerSecondMax;
  };
  const hasRoom = (name: Name) => {
    if (forgotten.size >= forgottenMax || chars.forgotten + name.length > namesCharsMax) return false;
    chars.forgotten += name.length;
    return true;
  };
  const forget = (notes: ReadonlyMap<Name, Note>) => {
    for (const [name, note] of notes) {
      const known = forgotten.get(name);
      if (known !== undefined) merge(known, note);
      else if (hasRoom(name)) forgotten.set(name, { ...note, dueAt: 0 });
    }
  };
  /** Of names. Programs stay: what ran and has ended no sweep finds. */
  const overflow = () => {
    forget(names);
    names.clear();
    chars.waiting = 0;
    soonestAt = Math.min(...dueTimes(programs));
    overflowed = true;
  };

  return {
    get size() {
      return names.size + programs.size;
    },
    get overflowed() {
      return overflowed;
    },
    add({ name, changes, isWritten, actor }, now) {
      if (!overflowed && !names.has(name)) {
        const isFull = names.size >= namesMax || chars.waiting + name.length > namesCharsMax;
        if (isFull || isTooFast(now)) overflow();
        else chars.waiting += name.length;
      }
      const note = overflowed ? forgottenOf(name) : noteOf(names, name, now, (waiting) => waiting);
      if (note === undefined) return;
      note.changes += changes;
      note.isWritten ||= isWritten;
      note.actors = withActor(note.actors, actor);
    },
    addStart({ name, actor, ...start }, now) {
      if (programs.size >= programsMax && !programs.has(name)) return overflow();
      const note = noteOf(programs, name, now, (waiting) => ({ ...waiting, starts: [] }));
      note.changes++;
      note.actors = withActor(note.actors, actor);
      const isKnown = note.starts.some(({ state, digest }) => state === start.state && digest === start.digest);
      if (isKnown || note.starts.length > startsMax) return;
      // Of one more than are kept nobody can say that it is fine.
      const isOneMore = note.starts.length === startsMax;
      note.starts = [...note.starts, isOneMore ? { ...start, digest: 'unknown' } : start];
    },
    overflow,
    goOn: () => {
      overflowed = false;
    },
    dueAt: () => soonestAt,
    take(now) {
      const dirt = { names: takeDue(names, now), programs: takeDue(programs, now) };
      for (const name of dirt.names.keys()) chars.waiting -= name.length;
      soonestAt = Math.min(...dueTimes(names), ...dueTimes(programs));
      return dirt;
    },
    found(wrong) {
      for (const name of wrong) {
        const last = looked.get(name);
        if (last !== undefined) last.isFound = true;
      }
    },
    forget: (dirt) => forget(dirt.names),
    takeForgotten() {
      const taken = new Map(forgotten);
      forgotten.clear();
      chars.forgotten = 0;
      return { names: taken, programs: new Map() };
    },
  };

  function noteOf<T extends Waiting>(
    among: Map<string, T>,
    name: string,
    now: number,
    make: (waiting: Waiting) => T,
  ): T {
    const before = among.get(name);
    if (before !== undefined) return before;
    const dueAt = dueAtFor(name, now);
    const note = make({ dueAt, changes: 0, isWritten: false, actors: [] });
    among.set(name, note);
    soonestAt = Math.min(soonestAt, dueAt);
    return note;
  }

  function forgottenOf(name: Name): Waiting | undefined {
    const before = forgotten.get(name);
    if (before !== undefined || !hasRoom(name)) return before;
    const note: Waiting = { dueAt: 0, changes: 0, isWritten: false, actors: [] };
    forgotten.set(name, note);
    return note;
  }

  function dueAtFor(key: string, now: number): number {
    const last = looked.get(key);
    if (last === undefined || now - last.at > Math.max(quietMs, waitFor(last))) return now;
    return Math.max(now, last.at + waitFor(last));
  }

  function takeDue<T extends Waiting>(from: Map<string, T>, now: number): ReadonlyMap<string, T> {
    const due = new Map<string, T>();
    for (const [name, note] of from) {
      if (note.dueAt > now) continue;
      from.delete(name);
      due.set(name, note);
      const last = looked.get(name);
      const isAgain = last !== undefined && now - last.at <= Math.max(quietMs, 2 * waitFor(last));
      looked.delete(name);
      looked.set(name, { at: now, streak: isAgain ? last.streak + 1 : 0, isFound: false });
      if (looked.size > rememberedMax) looked.delete(looked.keys().next().value!);
    }
    return due;
  }
}

/** Ways in which one program was met between two looks. */
const startsMax = 4;

/** None before the second look in a row: whoever edits a file twice is told of at once. */
function waitFor({ streak, isFound }: Looked): number {
  return streak < 1 ? 0 : Math.min(isFound ? waitMsMax : unseenWaitMsMax, waitMs * 2 ** Math.min(streak, 20));
}

function* dueTimes(waiting: ReadonlyMap<string, Waiting>): Generator<number> {
  for (const { dueAt } of waiting.values()) yield dueAt;
}

function merge(into: Waiting, note: Note): void {
  into.changes += note.changes;
  into.isWritten ||= note.isWritten;
  into.actors = differentActors([...into.actors, ...note.actors]);
}

/** Mostly it is the one who did it before. */
function withActor(actors: readonly Actor[], actor: Actor | undefined): readonly Actor[] {
  return actor === undefined || actors.includes(actor) ? actors : differentActors([...actors, actor]);
}
