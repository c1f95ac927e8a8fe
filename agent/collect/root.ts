import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import type { FileType } from '../../shared/entry.ts';
import type { RawName } from '../../shared/name.ts';
import { readInside, readPlainFile, resolveInside } from './inside.ts';
import { readBeneath } from './read-beneath.ts';
import { refuseSilent, type SilentMounts } from './silent-mounts.ts';
import { errnoOf, type RootPrefix, systemPath } from './system-path.ts';

/**
 * A root as collectors read it: a directory of this machine, or an image that is not unpacked. Links on the way are
 * resolved inside. Everything here throws as the system does, with `code` ENOENT, ENOTDIR, EACCES, ELOOP and so on.
 */
export interface Root {
  /** The bytes of a regular file. Throws EINVAL for anything else, and EFBIG past `bytesMax`. */
  readonly read: (path: RawName, bytesMax: number) => Buffer;
  /** The same of what stands at a path itself: throws where a link is on the way, or at its end. */
  readonly readPlain: (path: RawName, bytesMax: number) => Buffer;
  /** The names in a directory, sorted by bytes. */
  readonly list: (path: RawName) => readonly RawName[];
  /** What stands at a path itself: a link at its end is not followed. */
  readonly stat: (path: RawName) => RootStat;
}

export interface RootStat {
  readonly type: FileType;
  /** Permission bits, 0–0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Links only: where it points, as written. */
  readonly target?: RawName;
}

/**
 * Collectors ask for hundreds of files in a few directories, so that where a directory lies is looked up once: a `Root` is
 * for one look at a tree, and not for keeping.
 */
export function directoryRoot(prefix: RootPrefix, silent: SilentMounts = new Set()): Root {
  const directories = new Map<RawName, RawName>();
  const resolveParent = (path: RawName) => {
    const slash = path.lastIndexOf('/');
    refuseSilent(path, silent);
    if (slash <= 0) return path;
    const directory = path.slice(0, slash);
    let parent = directories.get(directory);
    if (parent === undefined) {
      parent = resolveInside(prefix, directory, silent);
      if (directories.size < directoriesMax) directories.set(directory, parent);
    }
    const at = `${parent === '/' ? '' : parent}${path.slice(slash)}`;
    refuseSilent(at, silent);
    return at;
  };
  return {
    read: (path, bytesMax) => {
      const at = resolveParent(path);
      if (/\/\.{0,2}$/.test(at)) return readInside(prefix, at, bytesMax, silent);
      try {
        return readPlainFile(systemPath(prefix, at), bytesMax);
      } catch (error) {
        if (errnoOf(error) !== 'ELOOP') throw error;
        return readInside(prefix, at, bytesMax, silent);
      }
    },
    readPlain: (path, bytesMax) => readBeneath(prefix, path, bytesMax),
    list: (path) => readdirSync(systemPath(prefix, resolveInside(prefix, path, silent)), 'latin1').sort(),
    stat: (path) => {
      const at = systemPath(prefix, resolveParent(path));
      return rootStat(lstatSync(at), at);
    },
  };
}

const directoriesMax = 10_000;

function rootStat(stats: Stats, at: string | Buffer): RootStat {
  const type = typeOf(stats);
  const known = { type, mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid };
  return type === 'symlink' ? { ...known, target: readlinkSync(at, 'latin1') } : known;
}

function typeOf(stats: Stats): FileType {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'dir';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'socket';
  return stats.isCharacterDevice() ? 'char' : 'block';
}
