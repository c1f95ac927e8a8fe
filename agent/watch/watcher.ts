import type { Actor } from '../../shared/actor.ts';
import type { Digest } from '../../shared/digest.ts';
import type { Name, RawName } from '../../shared/name.ts';
import type { Program } from '../collect/live/program.ts';

/** Emits hints: "look here". A hint is never trusted as a fact, and a watcher may lose any number of them. */
export interface FileWatcher {
  readonly status: FileWatcherStatus;
  close(): void;
}

/** What watches files and processes. */
export interface Watcher {
  readonly status: WatcherStatus;
  /** Tells again when one of these programs begins to run, or any: what was thought of them may not hold. */
  doubt(programs?: Iterable<RawName>): void;
  /** A sweep will look at everything: until it begins nobody needs to hear of changes, where hearing of them costs others. */
  pause(): void;
  /** What changes from here on is told again. */
  resume(): void;
  close(): void;
}

export interface WatcherStatus extends FileWatcherStatus {
  /** Why it is not a better one: null where there is none, or none was asked for. */
  readonly why: string | null;
  /** Why processes are not followed, so that who did something may stay unknown; null where they are. */
  readonly processes: string | null;
}

export interface FileWatcherStatus {
  readonly kind: 'fanotify' | 'inotify' | 'chokidar' | 'none';
  /** `partial`: some directories are not watched, and `error` says why. Sweeps look at them all the same. */
  readonly state: 'watching' | 'partial' | 'off';
  /** Watched one by one; with fanotify none is. */
  readonly directories: number;
  readonly error: string | null;
}

/** "Look here." */
export interface Hint {
  /** Of the changed subject, absolute within the root. */
  readonly name: Name;
  /** How often the kernel told of a change; 0 where it only says that one may be over, or nobody told of one. */
  readonly changes: number;
  /** Its content was written to, or the name was given to another file: not only its attributes changed. */
  readonly isWritten: boolean;
  /** Who did it, where the kernel told. */
  readonly actor?: Actor | undefined;
}

/** Called for each change. It only notes. */
export type OnHint = (hint: Hint) => void;

/** A program began to run. */
export interface Start {
  /** As findings about what runs have it. */
  readonly name: RawName;
  readonly state: Program['state'];
  /** Of a program that has no file. */
  readonly digest?: Digest | 'unknown' | undefined;
  readonly actor: Actor;
}

/** Called for each program that began to run, and was not known to be fine. It only notes. */
export type OnStart = (start: Start) => void;

/** Called when changes happened of which nothing is known, with the reason: only a sweep finds them. */
export type OnLost = (reason: string) => void;

export const noWatcher: Watcher = {
  status: { kind: 'none', state: 'off', directories: 0, error: null, why: null, processes: 'nothing is watched' },
  doubt: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
  close: () => undefined,
};
