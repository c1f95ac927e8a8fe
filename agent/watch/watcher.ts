/** Emits hints: "look here". A hint is never trusted as a fact, and a watcher may lose any number of them. */
export interface Watcher {
  readonly status: WatcherStatus;
  close(): void;
}

export interface WatcherStatus {
  readonly kind: 'fanotify' | 'inotify' | 'none';
  /** `partial`: some directories are not watched, and `error` says why. Sweeps look at them all the same. */
  readonly state: 'watching' | 'partial' | 'off';
  /** Watched one by one; with fanotify none is. */
  readonly directories: number;
  readonly error: string | null;
  /** Why it is not a better one: null where there is none, or none was asked for. */
  readonly why: string | null;
}

/** Called with the name of a changed subject, absolute within the root. It only notes. */
export type OnHint = (name: string) => void;

/** Called when changes happened of which nothing is known, with the reason: only a sweep finds them. */
export type OnLost = (reason: string) => void;

export const noWatcher: Watcher = {
  status: { kind: 'none', state: 'off', directories: 0, error: null, why: null },
  close: () => undefined,
};
