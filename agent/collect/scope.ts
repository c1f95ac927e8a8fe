import type { Hole } from '../../shared/coverage.ts';
import type { RawName } from '../../shared/name.ts';
import type { Kind } from '../host/list-directory.ts';

/** What a walk looks at. Asked once for each path, in order, before it is observed or entered. */
export interface Scope {
  /** Whether the path itself is observed. */
  readonly observes: (path: RawName, kind: Kind) => boolean;
  /** Whether what is beneath a directory is looked at. */
  readonly enters: (directory: RawName) => boolean;
  /** Told of a directory that could not be listed. */
  readonly onHole: (directory: RawName, reason: Hole['reason']) => void;
}

/** The path and every directory above it, nearest first: `/a/b`, `/a`, `/`. */
export function* selfAndAbove(path: RawName): Generator<RawName> {
  let at = path;
  while (at !== '/') {
    yield at;
    at = at.slice(0, at.lastIndexOf('/')) || '/';
  }
  yield '/';
}
