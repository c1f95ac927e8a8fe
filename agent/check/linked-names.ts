import type { RawName } from '../../shared/name.ts';
import { inodeOf, noStamp, writeStamp } from '../collect/stamp.ts';
import type { RootPrefix } from '../collect/system-path.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, cPath, statx } from '../host/libc.ts';
import { fileStateAt, linksIn, newStat, typeIn } from '../host/stat.ts';
import { openStampFile, stampFlag } from './stamp-file.ts';

/**
 * The other names of files that have more than one. Whoever writes to a file by one name changes it under all of them, and the
 * kernel tells of that one: a link in /tmp would do to write to a program unseen. Known are the names that the last
 * look at everything saw, and those that checks met since. Others, and what was done by a name that is gone when somebody looks,
 * are left to the sweeps.
 */
export interface LinkedNames {
  readonly othersOf: (root: RootPrefix, paths: Iterable<RawName>) => readonly RawName[];
}

/** Files that are remembered; past it those that nobody met for longest are forgotten. */
const filesMax = 4_096;
/** Of one file; more are left to the sweeps. */
const namesMax = 256;

const stat = newStat();
const place = noStamp();

export function openLinkedNames(stampsFile: string): LinkedNames {
  /** By inode; most have one name yet. */
  const known = new Map<string, Set<RawName>>();
  /** Looked for among what a sweep left, and which sweep that was. */
  const soughtFor = new Set<string>();
  let sweep: string | undefined;

  return {
    othersOf: (root, paths) => {
      const met = new Map<string, Set<RawName>>();
      const wanted = new Map<string, Set<RawName>>();
      const now = fileStateAt(stampsFile);
      if (now !== sweep || soughtFor.size > filesMax) soughtFor.clear();
      sweep = now;
      for (const path of paths) {
        const inode = fileAt(root + path);
        if (inode === undefined) continue;
        const names = namesOf(inode);
        if (names.size < namesMax) names.add(path);
        if (linksIn(stat) < 2) continue;
        met.set(inode, names);
        if (names.size < linksIn(stat) && !soughtFor.has(inode)) wanted.set(inode, names);
      }
      if (wanted.size > 0) seek(wanted);
      for (const inode of wanted.keys()) soughtFor.add(inode);
      return [...met.values()].flatMap((names) => [...names]);
    },
  };

  function namesOf(inode: string): Set<RawName> {
    const names = known.get(inode) ?? new Set();
    known.delete(inode);
    known.set(inode, names);
    if (known.size > filesMax) known.delete(known.keys().next().value!);
    return names;
  }

  function seek(wanted: ReadonlyMap<string, Set<RawName>>): void {
    try {
      const stamps = openStampFile(stampsFile);
      try {
        for (const { path, length, flags, stamp } of stamps.records()) {
          const names = (flags & stampFlag.file) === 0 ? undefined : wanted.get(inodeOf(stamp));
          if (names !== undefined && names.size < namesMax) names.add(path.toString('latin1', 0, length));
        }
      } finally {
        stamps.close();
      }
    } catch {
      // Then no sweep has left any, or somebody has changed them: the next looks at everything.
    }
  }
}

/** Which regular file is at a path; `stat` is of it then. */
function fileAt(path: string): string | undefined {
  if (statx(AT_FDCWD, cPath(path), AT_SYMLINK_NOFOLLOW, stat.bytes) < 0 || typeIn(stat) !== 'file') return undefined;
  writeStamp(stat, place);
  return inodeOf(place);
}
