import type { RawName } from '../../shared/name.ts';
import { newTally, OverBudget, observePath, type ScanRoot, type Tally } from '../collect/observe.ts';
import { hasSize, hasStamp } from '../collect/stamp.ts';
import { AT_SYMLINK_NOFOLLOW, close, errno, statx } from '../host/libc.ts';
import { type Kind, listDirectory } from '../host/list-directory.ts';
import { openBeneath, toList, toLook } from '../host/open-beneath.ts';
import { newStat, sizeIn } from '../host/stat.ts';
import { type StampFile, type StampRecord, stampFlag } from './stamp-file.ts';

export interface LookAgainOptions {
  readonly root: ScanRoot;
  readonly stamps: Pick<StampFile, 'records'>;
  /** Of what seems to have changed, so many bytes may be read. */
  readonly bytesMax: number;
  /** Of what is new: whether nobody looks there, nor beneath. */
  readonly leavesOut: (path: RawName, isDirectory: boolean) => boolean;
  /** Whether the names in a directory are facts. */
  readonly saysByNames: (directory: RawName) => boolean;
  /** Called every few milliseconds, so that others may work meanwhile. Rejects to stop. */
  readonly pause: (bytesHashed: number) => Promise<void>;
  readonly random?: () => number;
}

export interface LookedAgain {
  /** Paths that may differ from what the sweep saw, with everything beneath; not in order. */
  readonly changed: ReadonlySet<RawName>;
  readonly tally: Tally;
  /** Regular files that were not read. */
  readonly filesUnchanged: number;
}

/** Whoever can forge a stamp cannot know which files are read all the same. */
const rereadShare = 0.05;
/** A larger one would hold this thread too long: the daily look at everything reads it. */
const rereadBytesMax = 64 * 1_048_576;
/** Where more has changed, or seems to have, a sweep on all cores is the better look. */
const changedMax = 4_096;
const seeminglyMax = 20_000;
/** So deep a tree would take as many descriptors. */
const depthMax = 128;
/** Names in directories that have changed. */
const namesMax = 50_000;
/** So many paths whose stamps are compared take a few milliseconds, and so do so many bytes that are read. */
const pathsAtOnce = 512;
const bytesAtOnce = 4 * 1_048_576;

/**
 * Looks at every path that a sweep saw: one system call where the kernel says that nothing has changed, the same look as that of
 * a sweep elsewhere, at privileged programs, and at some files by lot. What is new shows in the times of its directory.
 * Undefined when that is too much for this way. Errors: DIGEST.
 */
export async function lookAgain(options: LookAgainOptions): Promise<LookedAgain | undefined> {
  const { stamps, pause, leavesOut, saysByNames, random = Math.random } = options;
  const { budget: _, ...root } = options.root;
  const spending = { ...root, budget: { bytes: options.bytesMax } };
  const tally = newTally();
  const changed = new Set<RawName>();
  /** What is in directories that have changed, without what the sweep saw there. */
  const fresh = new Map<RawName, Set<RawName>>();
  const parents = openParents(root.fd);
  /** Directories that are looked into, and not at. */
  const listed = new Set<RawName>();
  let filesUnchanged = 0;
  let names = 0;
  let seemingly = 0;
  let paths = 0;
  const list = (path: RawName): boolean => {
    const within = path === '/' ? '/' : `${path}/`;
    const isOut = (name: RawName, kind: Kind) => leavesOut(within + name, kind === 'd');
    const found = namesIn(root, path, namesMax - names, isOut);
    if (found === undefined) return false;
    fresh.set(path, found);
    names += found.size;
    return true;
  };
  let bytesPaused = 0;
  try {
    for (const record of stamps.records()) {
      const has = (flag: number) => (record.flags & flag) !== 0;
      const parent = parents.of(record);
      if (parent === undefined) return undefined;
      if (fresh.size > 0) fresh.get(parent.path)?.delete(pathOf(record, parent.end));
      const isFile = has(stampFlag.file);
      const isSettled = has(stampFlag.settled);
      const isSame = isSettled && hasStampNow(parent, record);
      const isByLot = isFile && random() < rereadShare && sizeIn(stat) <= rereadBytesMax;
      if (isSame && !isByLot && !has(stampFlag.privileged)) {
        if (isFile) filesUnchanged++;
      } else if (has(stampFlag.listed)) {
        if (!isSame && !list(pathOf(record))) return undefined;
      } else {
        const path = pathOf(record);
        const isDirectory = has(stampFlag.directory);
        const isKnownOther = !isSame && isFile && (!isSettled || !hasSize(stat, record.stamp));
        // Of what had just changed, facts may have been read before and the path after.
        if (isKnownOther || (!isSettled && (!isDirectory || saysByNames(path)))) changed.add(path);
        else {
          const on = isSame && isByLot && !has(stampFlag.privileged) ? root : spending;
          if (!record.isSeenAs(observePath(on, path, isFile, tally))) changed.add(path);
          else if (!isSame && isDirectory && !list(path)) return undefined;
        }
        if (!isSame) seemingly++;
      }
      if (has(stampFlag.listed)) listed.add(pathOf(record));
      if (changed.size > changedMax || seemingly > seeminglyMax) return undefined;
      if (++paths % pathsAtOnce === 0 || tally.bytesHashed - bytesPaused >= bytesAtOnce) {
        await pause(tally.bytesHashed - bytesPaused);
        bytesPaused = tally.bytesHashed;
      }
    }
  } catch (error) {
    if (error instanceof OverBudget) return undefined;
    throw error;
  } finally {
    parents.close();
  }
  for (const [path, left] of fresh) {
    for (const name of left) {
      const fresh = `${path === '/' ? '' : path}/${name}`;
      if (!listed.has(fresh)) changed.add(fresh);
    }
  }
  return changed.size > changedMax ? undefined : { changed, tally, filesUnchanged };
}

const slash = 47;
const stat = newStat();
/** A name has 255 bytes at most. */
const name = Buffer.alloc(256);

function hasStampNow({ fd, end }: Directory, { path, length, stamp }: StampRecord): boolean {
  if (fd < 0 || length - end >= name.length) return false;
  // The root is in itself.
  if (length === end) name.write('.\0');
  else path.copy(name, 0, end, length + 1);
  return statx(fd, name, AT_SYMLINK_NOFOLLOW, stat.bytes) === 0 && hasStamp(stat, stamp);
}

function pathOf({ path, length }: StampRecord, from = 0): RawName {
  return path.toString('latin1', from, length);
}

interface Directory {
  readonly path: RawName;
  /** Where in a path beneath it the next name begins. */
  readonly end: number;
  /** Negative where there is no directory any more. */
  readonly fd: number;
}

/** The directories above the path at hand, open: paths come in order, so that hardly any is opened twice. */
function openParents(root: number) {
  const open: Directory[] = [{ path: '/', end: 1, fd: root }];
  const pop = () => {
    const { fd } = open.pop()!;
    if (fd >= 0) close(fd);
  };
  return {
    /** Undefined for one that is too deep. */
    of: ({ path, length, shared }: StampRecord): Directory | undefined => {
      while (open.length > 1 && open.at(-1)!.end > shared) pop();
      for (;;) {
        const above = open.at(-1)!;
        const end = path.indexOf(slash, above.end);
        if (end === -1 || end >= length) return above;
        if (open.length >= depthMax) return undefined;
        const segment = path.toString('latin1', above.end, end);
        const fd = above.fd < 0 ? above.fd : openBeneath(above.fd, `/${segment}`, toLook);
        open.push({ path: `${above.path === '/' ? '' : above.path}/${segment}`, end: end + 1, fd });
      }
    },
    close: () => {
      while (open.length > 1) pop();
    },
  };
}

/** Undefined for more than so many, and where nobody can tell. None where there is no directory any more: that shows in itself. */
function namesIn(
  root: ScanRoot,
  directory: RawName,
  countMax: number,
  isOut: (name: RawName, kind: Kind) => boolean,
): Set<RawName> | undefined {
  const names = new Set<RawName>();
  const fd = openBeneath(root.fd, directory, toList);
  if (fd === -errno.ENOENT || fd === -errno.ENOTDIR || fd === -errno.ELOOP) return names;
  if (fd < 0) return undefined;
  const failed = listDirectory(fd, (entry, kind) => isOut(entry, kind) || names.add(entry).size <= countMax);
  close(fd);
  return failed < 0 || names.size > countMax ? undefined : names;
}
