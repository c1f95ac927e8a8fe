import { encodeRaw, type Name, type RawName } from '../../shared/name.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, statx } from '../host/libc.ts';
import { newStat } from '../host/stat.ts';
import { resolveInside } from './inside.ts';
import type { Root } from './root.ts';
import type { SilentMounts } from './silent-mounts.ts';
import { isSettled, stampWords, writeStamp } from './stamp.ts';
import { errnoOf, type RootPrefix, systemPath } from './system-path.ts';

/** Where a path leads within a root, and what is there. */
export interface OuterPath {
  readonly place: RawName;
  /** A text that changes when either does; empty where a later change may leave it as it is. */
  readonly state: string;
}

/** The paths that collectors ask for, as they are before anybody looks there. */
export interface OuterPaths {
  readonly telling: (root: Root) => Root;
  /** Those that no walk tells of, with their states: it leaves them out, or a link leads elsewhere. */
  readonly all: (leavesOut: (path: RawName) => boolean) => [Name, string][];
}

/** `sweptAt`: when the sweep began, in milliseconds since 1970. */
export function openOuterPaths(root: RootPrefix, silent: SilentMounts, sweptAt: number): OuterPaths {
  const asked = new Map<RawName, OuterPath>();
  const telling =
    <A extends readonly unknown[], T>(look: (path: RawName, ...rest: A) => T) =>
    (path: RawName, ...rest: A): T => {
      if (!asked.has(path)) asked.set(path, outerPath(root, path, silent, sweptAt));
      return look(path, ...rest);
    };
  return {
    telling: ({ read, readPlain, list, stat }) => ({
      read: telling(read),
      readPlain: telling(readPlain),
      list: telling(list),
      stat: telling(stat),
    }),
    all: (leavesOut) =>
      [...asked]
        .filter(([path, { place }]) => place !== path || leavesOut(path))
        .map(([path, { state }]) => [encodeRaw(path), state]),
  };
}

const stat = newStat();

/** Links on the way and at the end are followed inside the root. What cannot be looked at has a state too. */
export function outerPath(
  root: RootPrefix,
  path: RawName,
  silent: SilentMounts,
  sweptAt = Number.POSITIVE_INFINITY,
): OuterPath {
  try {
    const place = placeOf(root, path, silent);
    const stamp = { words: new Uint32Array(stampWords), at: 0 };
    const at = systemPath(root, place);
    const end = typeof at === 'string' ? at : Buffer.concat([at, Buffer.of(0)]);
    const failed = statx(AT_FDCWD, end, AT_SYMLINK_NOFOLLOW, stat.bytes);
    if (failed < 0) return { place, state: `${encodeRaw(place)} ${failed}` };
    writeStamp(stat, stamp);
    return { place, state: isSettled(stamp, sweptAt) ? `${encodeRaw(place)} ${stamp.words.join()}` : '' };
  } catch (error) {
    return { place: '', state: `error ${errnoOf(error)}` };
  }
}

/** Of what is not there: where it would be. */
function placeOf(root: RootPrefix, path: RawName, silent: SilentMounts): RawName {
  try {
    return resolveInside(root, path, silent);
  } catch (error) {
    const slash = path.lastIndexOf('/');
    const isAbsent = errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR';
    if (!isAbsent || slash === -1) throw error;
    const above = slash === 0 ? '/' : placeOf(root, path.slice(0, slash), silent);
    return `${above === '/' ? '' : above}${path.slice(slash)}`;
  }
}
