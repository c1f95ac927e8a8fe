import { type Actor, boundActor, parentsMax } from '../../shared/actor.ts';
import type { Clock } from '../../shared/clock.ts';
import { encodeRaw, type RawName } from '../../shared/name.ts';
import type { ProcessEvent } from './process-events.ts';
import type { ProcessFacts } from './read-process.ts';

/** Who a process is or was, from /proc while it runs and from memory afterwards. */
export interface ProcessTable {
  /** Of a process that is not known and is gone, its id and nothing else. */
  actorOf(pid: number): Actor;
  note(event: ProcessEvent): void;
  /** It opened a file to run it. Told in one order with what it does, and not with what `note` is told. */
  opened(pid: number, path: RawName): void;
  /** What is known may be of others by now. */
  forget(): void;
}

export interface ProcessTableOptions {
  /** Undefined where there is no such process any more; `before` is who it was, for what cannot be read of one that ends. */
  readonly read: (pid: number, before?: ProcessFacts) => ProcessFacts | undefined;
  /** Whether each process is told of: then one that is gone is still who it was, and no other has its id. */
  readonly isFollowed: () => boolean;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly limits?: Partial<ProcessTableLimits>;
}

export interface ProcessTableLimits {
  /** Processes kept, the longest unseen leave first. About a kilobyte each. */
  readonly processesMax: number;
  /** Programs that are looked at as they start, for some 35 microseconds each; of those above it only who acts. */
  readonly readsPerSecondMax: number;
  /** So old may be what is known of a process that is still there. */
  readonly freshMs: number;
}

const defaults: ProcessTableLimits = { processesMax: 2_048, readsPerSecondMax: 1_000, freshMs: 1_000 };

interface Known {
  readonly facts: ProcessFacts;
  readonly readAt: number;
  /** It ended before its program could be read: this is what it opened to run, as far as that was told. */
  readonly isGuessed?: boolean | undefined;
  /** What it opened to run since its program was read, last: it started that, or does so as we are told this. */
  opens?: RawName | undefined;
  actor?: Actor;
}

const gone: ProcessFacts = {
  ...{ program: null, command: null, uid: null, loginUid: null, session: null, unit: null, container: null },
  parent: 0,
};

export function createProcessTable({ read, isFollowed, clock, limits }: ProcessTableOptions): ProcessTable {
  const { processesMax, readsPerSecondMax, freshMs } = { ...defaults, ...limits };
  /** In the order in which they were last seen. */
  const known = new Map<number, Known>();
  let secondBegan = Number.NEGATIVE_INFINITY;
  let reads = 0;

  return {
    actorOf(pid) {
      const one = lookUp(pid);
      one.actor ??= actorFrom(pid, one.facts);
      return one.actor;
    },
    note(event) {
      const before = known.get(event.pid);
      switch (event.kind) {
        case 'forked': {
          // It is what its parent is, until it starts a program of its own.
          const { facts, readAt } = lookUp(event.parent);
          keep(event.pid, { facts: { ...facts, parent: event.parent }, readAt });
          return;
        }
        case 'started': {
          const facts = mayRead() ? read(event.pid, before?.facts) : undefined;
          if (before === undefined || isRunning(facts)) {
            if (facts !== undefined) keep(event.pid, { facts, readAt: clock.monotonic() });
            return;
          }
          // Where it could not be read in time, whoever acts by this id is looked at then.
          const program = (before.isGuessed ? before.facts.program : before.opens) ?? null;
          const guess = { ...before.facts, program, command: null };
          keep(event.pid, { facts: guess, readAt: Number.NEGATIVE_INFINITY, isGuessed: true });
          return;
        }
        case 'user-changed':
          if (before === undefined) return;
          // What it opened to run it runs by now, or soon.
          keep(event.pid, { ...before, facts: { ...before.facts, uid: event.uid } }).opens = before.opens;
          return;
        default:
          event satisfies never;
      }
    },
    opened(pid, path) {
      if (isLoader(path)) return;
      const one = known.get(pid);
      if (!isFollowed()) {
        // Nobody tells when it has started it: who it is shows now, and what it will be.
        const facts = (mayRead() ? read(pid) : undefined) ?? one?.facts ?? gone;
        const command = facts.program === path ? facts.command : null;
        keep(pid, { facts: { ...facts, program: path, command }, readAt: clock.monotonic() });
      } else if (one === undefined) return;
      else if (one.isGuessed) keep(pid, { ...one, facts: { ...one.facts, program: path } });
      else one.opens = path;
    },
    forget: () => known.clear(),
  };

  function lookUp(pid: number): Known {
    const one = known.get(pid);
    const now = clock.monotonic();
    if (one !== undefined && now - one.readAt < freshMs) return one;
    const facts = read(pid, one?.facts);
    if (one !== undefined && !isRunning(facts) && isFollowed()) return one;
    if (facts !== undefined) return keep(pid, { facts, readAt: now });
    known.delete(pid);
    return { facts: gone, readAt: now };
  }

  function keep(pid: number, one: Known): Known {
    known.delete(pid);
    const kept: Known = { facts: one.facts, readAt: one.readAt, isGuessed: one.isGuessed };
    known.set(pid, kept);
    if (known.size > processesMax) known.delete(known.keys().next().value!);
    return kept;
  }

  function mayRead(): boolean {
    const now = clock.monotonic();
    if (now - secondBegan >= 1_000) {
      secondBegan = now;
      reads = 0;
    }
    return ++reads <= readsPerSecondMax;
  }

  function actorFrom(pid: number, { parent, program, ...facts }: ProcessFacts): Actor {
    const parents: Actor['parents'][number][] = [];
    for (let next = parent; next > 0 && parents.length < parentsMax; ) {
      const above = lookUp(next).facts;
      parents.push({ pid: next, program: nameOf(above.program) });
      next = above.parent;
    }
    return boundActor({ pid, program: nameOf(program), ...facts, parents });
  }
}

/** One that ends is still there for a while, and has no program any more; nor has a kernel thread. */
function isRunning(facts: ProcessFacts | undefined): facts is ProcessFacts {
  return facts !== undefined && facts.program !== null;
}

/** The dynamic loader is opened behind each program that needs it (ld.so(8)). */
function isLoader(path: RawName): boolean {
  return /\/ld(?:64)?(?:-[^/]*)?\.so[^/]*$/.test(path);
}

function nameOf(program: string | null): string | null {
  return program === null ? null : encodeRaw(program);
}
