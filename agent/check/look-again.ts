import type { RawName } from '../../shared/name.ts';
import { newTally, observePath, type ScanRoot, type Tally } from '../collect/observe.ts';
import { hasStamp } from '../collect/stamp.ts';
import { AT_SYMLINK_NOFOLLOW, close, statx } from '../host/libc.ts';
import { listDirectory } from '../host/list-directory.ts';
import { openBeneath, toList, toLook } from '../host/open-beneath.ts';
import { newStat } from '../host/stat.ts';
import { type StampFile, type StampRecord, stampFlag } from './stamp-file.ts';

export interface LookAgainOptions {
  readonly root: ScanRoot;
  readonly stamps: Pick<StampFile, 'records'>;
  /** Called every few milliseconds, so that others may work meanwhile. Rejects to stop. */
  readonly pause: (bytesHashed: number) => Promise<void>;
  readonly random?: () => number;
}

export interface LookedAgain {
  /** Paths that may differ from what the sweep saw, with everything beneath; not in order. */
  readonly changed: ReadonlySet<RawName>;
  readonly paths: number;
  readonly tally: Tally;
  /** Regular files that were not read. */
  readonly filesUnchanged: number;
}

/** Whoever can forge a stamp cannot know which files are read all the same. */
const rereadShare = 0.05;
/** Where more has to be looked at again than this, or is changed, a sweep on all cores is the better look. */
const changedMax = 4_096;
const observedMax = 20_000;
const bytesMax = 1_024 ** 3;
const namesMax = 20_000;
/** So many paths whose stamps are compared take a few milliseconds, and so do so many bytes that are read. */
const pathsAtOnce = 512;
const bytesAtOnce = 4 * 1_048_576;

/**
 * Looks at every path that a sweep saw: one system call for what the kernel says has not changed, the same look as that
 * of a sweep for all else, for what guards watch and for some by lot. What is new shows in the times of its directory.
 * Undefined when that is too much for this way. Errors: DIGEST, IO.
 */
export async function lookAgain(options: LookAgainOptions): Promise<LookedAgain | undefined> {
  const { root, stamps, pause, random = Math.random } = options;
  const tally = newTally();
  const changed = new Set<RawName>();
  /** What is in directories that have changed, without what the sweep saw there. */
  const fresh = new Map<RawName, Set<RawName>>();
  const parents = openParents(root.fd, fresh);
  let paths = 0;
  let filesUnchanged = 0;
  let observed = 0;
  let pausedAt = 0;
  let bytesAt = 0;
  try {
    for (const record of stamps.records()) {
      paths++;
      const { flags } = record;
      const parent = parents.of(record);
      const isSame = (flags & stampFlag.settled) !== 0 && parent >= 0 && hasStampNow(parent, record);
      const isByLot = (flags & stampFlag.guarded) !== 0 || ((flags & stampFlag.file) !== 0 && random() < rereadShare);
      if (isSame && !isByLot) {
        if ((flags & stampFlag.file) !== 0) filesUnchanged++;
      } else {
        const path = pathOf(record);
        observed++;
        const isAsSeen = record.isSeenAs(observePath(root, path, (flags & stampFlag.file) !== 0, tally));
        // What differed from the image may have been mended and broken again since.
        if (!isAsSeen || !(isSame || (flags & stampFlag.baked) !== 0)) changed.add(path);
        if ((flags & stampFlag.directory) !== 0 && !isSame) {
          const names = namesIn(root, path);
          if (names === undefined) return undefined;
          fresh.set(path, names);
        }
      }
      if (changed.size > changedMax || observed > observedMax || tally.bytesHashed > bytesMax) return undefined;
      if (paths - pausedAt >= pathsAtOnce || tally.bytesHashed - bytesAt >= bytesAtOnce) {
        await pause(tally.bytesHashed - bytesAt);
        pausedAt = paths;
        bytesAt = tally.bytesHashed;
      }
    }
  } finally {
    parents.close();
  }
  for (const [path, names] of fresh) for (const name of names) changed.add(`${path === '/' ? '' : path}/${name}`);
  return changed.size > changedMax ? undefined : { changed, paths, tally, filesUnchanged };
}

const stat = newStat();
const name = Buffer.alloc(4_096);

function hasStampNow(directory: number, { path, length, stamp }: StampRecord): boolean {
  const start = path.lastIndexOf(47, length - 1) + 1;
  if (length - start >= name.length) return false;
  if (start === length) name.write('.\0');
  else path.copy(name, 0, start, length + 1);
  return statx(directory, name, AT_SYMLINK_NOFOLLOW, stat.bytes) === 0 && hasStamp(stat, stamp);
}

/** The directories above the path at hand, open: paths come in order, so that hardly any is opened twice. */
function openParents(root: number, fresh: ReadonlyMap<RawName, Set<RawName>>) {
  const open: Directory[] = [{ path: '/', end: 1, fd: root }];
  const pop = () => {
    const { fd } = open.pop()!;
    if (fd >= 0) close(fd);
  };
  return {
    /** Where the name of a path is looked up: negative where there is no directory any more. */
    of: ({ path, length, shared }: StampRecord): number => {
      while (open.length > 1 && open.at(-1)!.end > shared) pop();
      let parent = open.at(-1)!;
      for (
        let slash = path.indexOf(47, parent.end);
        slash !== -1 && slash < length;
        slash = path.indexOf(47, slash + 1)
      ) {
        const segment = path.toString('latin1', parent.end, slash);
        const fd = parent.fd < 0 ? parent.fd : openBeneath(parent.fd, `/${segment}`, toLook);
        parent = { path: `${parent.path === '/' ? '' : parent.path}/${segment}`, end: slash + 1, fd };
        open.push(parent);
      }
      if (fresh.size > 0) fresh.get(parent.path)?.delete(path.toString('latin1', parent.end, length));
      return parent.fd;
    },
    close: () => {
      while (open.length > 1) pop();
    },
  };
}

interface Directory {
  readonly path: RawName;
  /** Where in a path beneath it the next name begins. */
  readonly end: number;
  readonly fd: number;
}

/** None where there is no directory any more: then it has changed itself. Undefined for too many. */
function namesIn(root: ScanRoot, directory: RawName): Set<RawName> | undefined {
  const names = new Set<RawName>();
  const fd = openBeneath(root.fd, directory, toList);
  if (fd < 0) return names;
  try {
    const failed = listDirectory(fd, (entry) => names.add(entry).size <= namesMax);
    return failed < 0 || names.size > namesMax ? undefined : names;
  } finally {
    close(fd);
  }
}

function pathOf({ path, length }: StampRecord): RawName {
  return path.toString('latin1', 0, length);
}
