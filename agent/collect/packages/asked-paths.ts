import { posix } from 'node:path';
import type { RawName } from '../../../shared/name.ts';
import type { Reader } from '../facts/collector.ts';

export interface AskedPaths {
  /** The asked path that a package's list means, if any. */
  readonly match: (listed: RawName) => RawName | undefined;
}

const hopsMax = 40;

/**
 * Packages list names as they were when the package was made: `/bin/bash` is `/usr/bin/bash` since `/bin` is a link. A
 * scan follows no link, so that what is asked for are the real names. Directories are looked at only for names that end
 * as an asked one does.
 */
export function openAskedPaths(reader: Pick<Reader, 'stat'>, paths: Iterable<RawName>): AskedPaths {
  const asked = new Set(paths);
  const basenames = new Set([...asked].map((path) => posix.basename(path)));
  const resolved = new Map<RawName, RawName>();

  /** The real name of a directory; parts that are gone keep the name they had. */
  const resolve = (directory: RawName, hops = 0): RawName => {
    if (directory === '/' || directory === '' || hops > hopsMax) return '/';
    const known = resolved.get(directory);
    if (known !== undefined) return known;
    const at = posix.join(resolve(posix.dirname(directory), hops + 1), posix.basename(directory));
    const target = reader.stat(at)?.target;
    const real = target === undefined ? at : resolve(posix.resolve(posix.dirname(at), target), hops + 1);
    resolved.set(directory, real);
    return real;
  };

  return {
    match: (listed) => {
      const slash = listed.lastIndexOf('/');
      const basename = listed.slice(slash + 1);
      if (slash === -1 || !basenames.has(basename)) return undefined;
      if (asked.has(listed)) return listed;
      const real = posix.join(resolve(listed.slice(0, slash)), basename);
      return asked.has(real) ? real : undefined;
    },
  };
}
