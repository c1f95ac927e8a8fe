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
  /** More was noted than is kept: only a sweep can answer that. */
  readonly overflowed: boolean;
  add(hint: Hint, now: number): void;
  addStart(start: Start, now: number): void;
  /** Changes happened of which no name is known. */
  overflow(): void;
  /** When the next is due, in monotonic milliseconds; infinity when none waits. */
  dueAt(): number;
  /** All that is due; the rest waits on. */
  take(now: number): Dirt;
  /** What was taken and will be looked at by a sweep: who did it is still known then. */
  forget(dirt: Dirt): void;
  /** Of what was to be looked at when it became too much, who did it: for the findings of the sweep that looks instead. */
  takeForgotten(): Dirt;
}

/** Past it names are forgotten and a sweep is asked for. */
const dirtyPathsMax = 4_096;
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
/** up to so long. */
const waitMsMax = 60_000;

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
  const looked = new Map<string, { readonly at: number; readonly streak: number }>();
  let overflowed = false;
  let soonestAt = Number.POSITIVE_INFINITY;
  const forgotten = new Map<Name, Waiting>();
  const forget = (notes: ReadonlyMap<Name, Note>) => {
    for (const [name, note] of notes) {
      const known = forgotten.get(name);
      if (known !== undefined) merge(known, note);
      else if (forgotten.size < forgottenMax) forgotten.set(name, { ...note, dueAt: 0 });
    }
  };
  /** Of names. Programs stay: what ran and has ended no sweep finds. */
  const overflow = () => {
    forget(names);
    names.clear();
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
      if (!overflowed && names.size >= namesMax && !names.has(name)) overflow();
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
      if (!isKnown && note.starts.length < startsMax) note.starts = [...note.starts, start];
    },
    overflow,
    dueAt: () => soonestAt,
    take(now) {
      const dirt = { names: takeDue(names, now), programs: takeDue(programs, now) };
      soonestAt = Math.min(...dueTimes(names), ...dueTimes(programs));
      overflowed = false;
      return dirt;
    },
    forget: (dirt) => forget(dirt.names),
    takeForgotten() {
      const taken = new Map(forgotten);
      forgotten.clear();
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
    if (before !== undefined || forgotten.size >= forgottenMax) return before;
    const note: Waiting = { dueAt: 0, changes: 0, isWritten: false, actors: [] };
    forgotten.set(name, note);
    return note;
  }

  function dueAtFor(key: string, now: number): number {
    const last = looked.get(key);
    if (last === undefined || now - last.at > Math.max(quietMs, waitFor(last.streak))) return now;
    return Math.max(now, last.at + waitFor(last.streak));
  }

  function takeDue<T extends Waiting>(from: Map<string, T>, now: number): ReadonlyMap<string, T> {
    const due = new Map<string, T>();
    for (const [name, note] of from) {
      if (note.dueAt > now) continue;
      from.delete(name);
      due.set(name, note);
      const last = looked.get(name);
      const isAgain = last !== undefined && now - last.at <= Math.max(quietMs, 2 * waitFor(last.streak));
      looked.delete(name);
      looked.set(name, { at: now, streak: isAgain ? last.streak + 1 : 0 });
      if (looked.size > rememberedMax) looked.delete(looked.keys().next().value!);
    }
    return due;
  }
}

/** Ways in which one program was met between two looks. */
const startsMax = 4;

/** None before the second look in a row: whoever edits a file twice is told of at once. */
function waitFor(streak: number): number {
  return streak < 1 ? 0 : Math.min(waitMsMax, waitMs * 2 ** Math.min(streak, 20));
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
