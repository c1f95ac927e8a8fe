import type { RawName } from '../../shared/name.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, statx } from '../host/libc.ts';
import { newStat } from '../host/stat.ts';
import { resolveInside } from './inside.ts';
import type { Root } from './root.ts';
import type { SilentMounts } from './silent-mounts.ts';
import { stampWords, writeStamp } from './stamp.ts';
import { errnoOf, type RootPrefix, systemPath } from './system-path.ts';

/** The same root, which notes every path that is asked for, whether anything is there or not. */
export function notingRoot(root: Root, asked: Set<RawName>): Root {
  const noting =
    <A extends readonly unknown[], T>(look: (path: RawName, ...rest: A) => T) =>
    (path: RawName, ...rest: A): T => {
      asked.add(path);
      return look(path, ...rest);
    };
  return {
    read: noting(root.read),
    readPlain: noting(root.readPlain),
    list: noting(root.list),
    stat: noting(root.stat),
  };
}

/** Where a path leads within a root, and what is there: one text, which changes when either does. */
export interface OuterPath {
  readonly place: RawName;
  readonly state: string;
}

const stat = newStat();

/** Throws what the system says where that cannot be told. */
export function lookOutside(root: RootPrefix, path: RawName, silent: SilentMounts): OuterPath {
  const place = placeOf(root, path, silent);
  const words = new Uint32Array(stampWords);
  const at = systemPath(root, place);
  const failed = statx(
    AT_FDCWD,
    typeof at === 'string' ? at : Buffer.concat([at, Buffer.of(0)]),
    AT_SYMLINK_NOFOLLOW,
    stat.bytes,
  );
  if (failed === 0) writeStamp(stat, { words, at: 0 });
  return { place, state: failed === 0 ? words.join() : `${failed}` };
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
