import { existsSync } from 'node:fs';
import type { HoleReason } from '../../shared/coverage.ts';
import type { FileEntry, FileType } from '../../shared/entry.ts';
import { writeFileLine } from '../../shared/entry-line.ts';
import { encodeName, encodeRaw, type RawName } from '../../shared/name.ts';
import { close, errno, readlinkat, type XattrHolder } from '../host/libc.ts';
import { openBeneath, toLook, toRead } from '../host/open-beneath.ts';
import {
  flagsIn,
  gidIn,
  isUnchanged,
  modeIn,
  newStat,
  rdevIn,
  type Stat,
  sizeIn,
  sizeTextIn,
  statOf,
  typeIn,
  uidIn,
} from '../host/stat.ts';
import { hashFile, hashSlowly } from './hash-file.ts';
import type { Pace } from './pace.ts';
import { type StampPlace, writeStamp } from './stamp.ts';
import { noXattrs, readXattrs, type XattrFacts } from './xattrs.ts';

/**
 * What is at a path now, as one line, so that a thread can hand over a thousand of them cheaply and an unchanged file is
 * recognised by comparing two strings:
 * - an entry line, `{…}`;
 * - nothing, where nothing is (any more);
 * - `!reason` and, where known, the entry line without what could not be read.
 */
export type Observation = string;

/** The reason of an observation that has one. */
export function reasonIn(observation: Observation): HoleReason | undefined {
  if (observation[0] !== '!') return undefined;
  const end = observation.indexOf('{');
  return observation.slice(1, end === -1 ? undefined : end) as HoleReason;
}

/** What could be seen of the entry, if anything. The line is our own: no one else's form to check. */
export function entryIn(observation: Observation): FileEntry | undefined {
  const start = observation.indexOf('{');
  return start === -1 ? undefined : (JSON.parse(observation.slice(start)) as FileEntry);
}

export interface Tally {
  filesHashed: number;
  bytesHashed: number;
}

export function newTally(): Tally {
  return { filesHashed: 0, bytesHashed: 0 };
}

/** An open directory, as all threads use it. */
export interface ScanRoot {
  readonly fd: number;
  /** The path at which others find it. */
  readonly prefix: RawName;
  /** Whether SELinux labels are looked at: not where the bake had none. */
  readonly labels: boolean;
  /** Not 0 when nobody waits for the answers any more. */
  readonly stop?: Int32Array;
  /** Whether a stamp of each path is wanted. */
  readonly stamps?: boolean;
  /** Bytes of files that may still be read: past it nothing is, and OverBudget is thrown. */
  readonly budget?: { bytes: number };
  /** How fast to go, and then without driving out of memory what others have there; else as fast as it goes. */
  readonly pace?: Pace;
}

/**
 * Observes one path. A regular file is read through one descriptor, and all its attributes come from that same descriptor,
 * so they belong to the bytes that were hashed. FIFOs, sockets and devices are never opened: `isFile` says what the
 * directory said, and O_NONBLOCK keeps a file that turned into a FIFO meanwhile from holding us. No link on the way is
 * followed: where there is one, nothing of the image is. The stamp of what was seen whole is written where one is wanted.
 */
export function observePath(
  root: ScanRoot,
  path: RawName,
  isFile: boolean,
  tally: Tally,
  stamp?: StampPlace,
): Observation {
  const name = encodeRaw(path);
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    let seen = isFile ? observeFile(root, path, name, tally, stamp) : notThis;
    if (seen === notThis) seen = observeOther(root, path, name, stamp);
    if (seen === notThis) isFile = true;
    else if (seen !== changed) return seen;
  }
  return '!unstable';
}

/** A file that changes each time it is looked at is not a file we can vouch for. */
const attemptsMax = 4;
const changed = Symbol('changed');
/** It is a regular file, and the caller looked for something else, or the other way round. */
const notThis = Symbol('not this');
type Seen = Observation | typeof changed | typeof notThis;

/**
 * A larger file is not read: its size is compared, and its content is a hole. A sparse one of 16 TiB costs its maker
 * nothing, and would cost whoever reads it hours; this much takes minutes.
 */
const fileBytesMax = 256 * 1_024 ** 3;

const before = newStat();
const after = newStat();

function observeFile(root: ScanRoot, path: RawName, name: string, tally: Tally, stamp: StampPlace | undefined): Seen {
  const fd = openBeneath(root.fd, path, toRead);
  // A symbolic link (ELOOP), a socket or a device without a driver (ENXIO, ENODEV): no regular file.
  if (fd === -errno.ELOOP || fd === -errno.ENXIO || fd === -errno.ENODEV) return notThis;
  if (fd < 0) return isGone(fd) ? '' : unreadLine(root, path, name, fd);
  try {
    const failed = statOf(fd, before);
    if (failed < 0) return `!${reasonOf(failed)}`;
    if (typeIn(before) !== 'file') return notThis;
    if (root.budget !== undefined) spend(root.budget, sizeIn(before));
    if (sizeIn(before) > fileBytesMax) return unreadLine(root, path, name, -errno.EFBIG);
    let content: string | undefined;
    try {
      content =
        root.pace === undefined
          ? hashFile(fd, sizeIn(before), root.stop)
          : hashSlowly(fd, sizeIn(before), root.pace, root.stop);
    } catch {
      return unreadLine(root, path, name, -errno.EIO);
    }
    const xattrs = readXattrs(fd);
    if (content === undefined || statOf(fd, after) < 0 || !isUnchanged(before, after)) return changed;
    tally.filesHashed++;
    tally.bytesHashed += sizeIn(before);
    if (stamp !== undefined && typeof xattrs !== 'number') writeStamp(after, stamp);
    const entry = attributesIn(before, 'file', name);
    entry.size = sizeTextIn(before);
    entry.content = `sha256:${content}`;
    return lineOf(root, entry, xattrs);
  } finally {
    close(fd);
  }
}

/** There is more to read than whoever looks can wait for. */
export class OverBudget extends Error {}

function spend(budget: { bytes: number }, bytes: number): void {
  budget.bytes -= bytes;
  if (budget.bytes < 0) throw new OverBudget();
}

/** All that is known of a file that could not be read; its holder compares the rest and records the hole. */
function unreadLine(root: ScanRoot, path: RawName, name: string, failed: number): Seen {
  const fd = openBeneath(root.fd, path, toLook);
  if (fd < 0) return isGone(fd) ? '' : `!${reasonOf(fd)}`;
  try {
    if (statOf(fd, before) < 0) return `!${reasonOf(failed)}`;
    if (typeIn(before) !== 'file') return notThis;
    const entry = attributesIn(before, 'file', name);
    entry.size = sizeTextIn(before);
    return `!${reasonOf(failed)}${writeFileLine(entry)}`;
  } finally {
    close(fd);
  }
}

function lineOf(root: ScanRoot, entry: Attributes, xattrs: XattrFacts | number): Observation {
  if (typeof xattrs === 'number') return `!${reasonOf(xattrs)}${writeFileLine(entry)}`;
  if (xattrs === noXattrs) return writeFileLine(entry);
  const { selinux, ...others } = xattrs;
  return writeFileLine({ ...entry, ...others, ...(root.labels && selinux !== undefined && { selinux }) });
}

function isGone(failed: number): boolean {
  return failed === -errno.ENOENT || failed === -errno.ENOTDIR || failed === -errno.ELOOP;
}

export function reasonOf(failed: number): HoleReason {
  switch (-failed) {
    case errno.EACCES:
    case errno.EPERM:
      return 'unreadable';
    case errno.ENAMETOOLONG:
      return 'too-deep';
    case errno.EFBIG:
      return 'too-large';
    default:
      return 'io-error';
  }
}

const target = Buffer.alloc(4_096);

/** Everything but regular files. */
function observeOther(root: ScanRoot, path: RawName, name: string, stamp: StampPlace | undefined): Seen {
  const fd = openBeneath(root.fd, path, toLook);
  if (fd < 0) return isGone(fd) ? '' : `!${reasonOf(fd)}`;
  try {
    const failed = statOf(fd, before);
    if (failed < 0) return `!${reasonOf(failed)}`;
    const type = typeIn(before);
    if (type === 'file') return notThis;
    const entry = attributesIn(before, type, name);
    const xattrs = readXattrs(withoutOpening(root, path, fd));
    if (type === 'char' || type === 'block') entry.rdev = rdevIn(before);
    if (type === 'symlink') {
      const length = readlinkat(fd, '', target);
      if (length < 0) return `!${reasonOf(length)}`;
      entry.target = encodeName(target.subarray(0, length));
    }
    if (stamp !== undefined && typeof xattrs !== 'number') writeStamp(before, stamp);
    return lineOf(root, entry, xattrs);
  } finally {
    close(fd);
  }
}

/** Of what is only looked at, attributes are read by a path: the kernel's own link to it, which leads nowhere else. */
function withoutOpening(root: ScanRoot, path: RawName, fd: number): XattrHolder {
  hasProc ??= existsSync('/proc/self/fd');
  if (hasProc) return { path: `/proc/self/fd/${fd}`, follow: true };
  return { path: Buffer.from(`${root.prefix}${path}\0`, 'latin1'), follow: false };
}

let hasProc: boolean | undefined;

/** An entry while it is put together: thousands a second are, and each copy of an object would cost more than the rest. */
type Attributes = { -readonly [Member in keyof FileEntry]: FileEntry[Member] };

function attributesIn(stat: Stat, type: FileType, name: string): Attributes {
  const entry: Attributes = { subject: 'file', name, type, uid: uidIn(stat), gid: gidIn(stat) };
  if (type !== 'symlink') entry.mode = modeIn(stat);
  const flags = flagsIn(stat);
  if (flags !== undefined) entry.flags = flags;
  return entry;
}
