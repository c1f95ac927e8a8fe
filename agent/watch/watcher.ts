/** Emits hints: "look here". A hint is never trusted as a fact, and a watcher may lose any number of them. */
export interface Watcher {
  readonly status: WatcherStatus;
  close(): void;
}

export interface WatcherStatus {
  readonly kind: 'inotify' | 'none';
  /** `partial`: some directories are not watched, and `error` says why. Sweeps look at them all the same. */
  readonly state: 'watching' | 'partial' | 'off';
  readonly directories: number;
  readonly error: string | null;
}

/** Called with the name of a changed subject, absolute within the root. It only notes. */
export type OnHint = (name: string) => void;

export const noWatcher: Watcher = {
  status: { kind: 'none', state: 'off', directories: 0, error: null },
  close: () => undefined,
};
