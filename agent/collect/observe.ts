import { createHash, hash } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import type { HoleReason } from '../../shared/coverage.ts';
import type { FileEntry, FileType } from '../../shared/entry.ts';
import { writeFileLine } from '../../shared/entry-line.ts';
import { encodeRaw, type RawName } from '../../shared/name.ts';
import { errnoOf, type RootPrefix, systemPath } from './system-path.ts';

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

/**
 * Observes one path. A regular file is read through one descriptor, and its attributes come from that same descriptor, so
 * they belong to the bytes that were hashed. FIFOs, sockets and devices are never opened: `isFile` says what the
 * directory said, and O_NONBLOCK keeps a file that turned into a FIFO meanwhile from holding us.
 */
export function observePath(root: RootPrefix, path: RawName, isFile: boolean, tally: Tally): Observation {
  const at = systemPath(root, path);
  const name = encodeRaw(path);
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    try {
      const seen = isFile ? observeFile(at, name, tally) : undefined;
      if (seen === changed) continue;
      if (seen !== undefined) return seen;
      const other = observeOther(at, name);
      if (other !== undefined) return other;
      isFile = true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return '';
      if (errnoOf(error) === 'EINVAL') continue;
      return `!${reasonOf(error)}`;
    }
  }
  return '!unstable';
}

/** A file that changes each time it is looked at is not a file we can vouch for. */
const attemptsMax = 4;
const changed = Symbol('changed');

const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** The line of a regular file, `changed` when it changed meanwhile, undefined when it is none. Throws what the system says. */
function observeFile(at: string | Buffer, name: string, tally: Tally): Observation | typeof changed | undefined {
  let fd: number;
  try {
    fd = openSync(at, openFlags);
  } catch (error) {
    // A symbolic link (ELOOP), a socket or a device without a driver (ENXIO, ENODEV): no regular file.
    if (['ELOOP', 'ENXIO', 'ENODEV'].includes(errnoOf(error))) return undefined;
    return unreadLine(at, name, error);
  }
  try {
    const before = fstatSync(fd, { bigint: true });
    if (!before.isFile()) return undefined;
    let content: string | undefined;
    try {
      content = hashFile(fd, before.size);
    } catch (error) {
      return unreadLine(at, name, error);
    }
    if (content === undefined || !isSame(before, fstatSync(fd, { bigint: true }))) return changed;
    tally.filesHashed++;
    tally.bytesHashed += Number(before.size);
    return writeFileLine({ ...ownership(before, 'file', name), size: `${before.size}`, content: `sha256:${content}` });
  } finally {
    closeSync(fd);
  }
}

/** All that is known of a file that could not be read; its holder compares the rest and records the hole. */
function unreadLine(at: string | Buffer, name: string, error: unknown): Observation | undefined {
  if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') throw error;
  const stats = lstatSync(at, { bigint: true });
  if (!stats.isFile()) return undefined;
  return `!${reasonOf(error)}${writeFileLine({ ...ownership(stats, 'file', name), size: `${stats.size}` })}`;
}

function reasonOf(error: unknown): HoleReason {
  switch (errnoOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return 'unreadable';
    case 'ENAMETOOLONG':
      return 'too-deep';
    default:
      return 'io-error';
  }
}

const buffer = Buffer.allocUnsafeSlow(512 * 1024);

/** sha256 in hex of exactly `size` bytes and then the end, or undefined: then somebody is writing. */
function hashFile(fd: number, size: bigint): string | undefined {
  if (size <= buffer.length) {
    const length = readFully(fd, Number(size));
    return length === Number(size) ? hash('sha256', buffer.subarray(0, length), 'hex') : undefined;
  }
  const hasher = createHash('sha256');
  for (let left = size; left > 0n; ) {
    const length = readSync(fd, buffer, 0, buffer.length, null);
    if (length === 0 || BigInt(length) > left) return undefined;
    hasher.update(buffer.subarray(0, length));
    left -= BigInt(length);
  }
  return hasher.digest('hex');
}

/** Reads `size` bytes; of a file that says it is empty, one more, because some say so and are not. */
function readFully(fd: number, size: number): number {
  const wanted = Math.max(size, 1);
  let length = 0;
  while (length < wanted) {
    const got = readSync(fd, buffer, length, wanted - length, null);
    if (got === 0) break;
    length += got;
  }
  return length;
}

function isSame(before: BigIntStats, after: BigIntStats): boolean {
  return (
    before.ino === after.ino &&
    before.size === after.size &&
    before.mtimeNs === after.mtimeNs &&
    before.ctimeNs === after.ctimeNs
  );
}

/** Everything but regular files, whose line this leaves undefined. */
function observeOther(at: string | Buffer, name: string): Observation | undefined {
  const stats = lstatSync(at, { bigint: true });
  const type = typeOf(stats);
  switch (type) {
    case 'file':
      return undefined;
    case 'symlink': {
      const target = encodeRaw(readlinkSync(at, 'latin1'));
      return writeFileLine({ subject: 'file', name, type, uid: Number(stats.uid), gid: Number(stats.gid), target });
    }
    case 'char':
    case 'block':
      return writeFileLine({ ...ownership(stats, type, name), rdev: deviceNumbers(stats.rdev) });
    default:
      return writeFileLine(ownership(stats, type, name));
  }
}

function ownership(stats: BigIntStats, type: FileType, name: string): FileEntry {
  const mode = (Number(stats.mode) & 0o7777).toString(8).padStart(4, '0');
  return { subject: 'file', name, type, mode, uid: Number(stats.uid), gid: Number(stats.gid) };
}

export function typeOf(stats: BigIntStats): FileType {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'dir';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'socket';
  return stats.isCharacterDevice() ? 'char' : 'block';
}

/** glibc's encoding of a device number (gnu_dev_major, gnu_dev_minor). */
function deviceNumbers(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}
