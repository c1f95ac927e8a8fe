import { createHash, hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { CodedError } from '../../shared/errors.ts';
import { type RawName, rawNameBytesMax } from '../../shared/name.ts';
import type { Observation } from '../collect/observe.ts';
import { isDirectoryStamp, isFileStamp, isSettled, type StampPlace, stampWords } from '../collect/stamp.ts';
import { errnoOf } from '../collect/system-path.ts';
import { temporaryIn } from '../state/durable-file.ts';
import { mayBePrivileged } from './unparsed-line.ts';

/**
 * What a sweep saw of every path, so that the next one need look again only at what the kernel says has changed:
 * records, a JSON object about all of them, the sha256 of both, and the length of the object as a word. A record is words of
 * four bytes, little-endian:
 * - how many bytes its path shares with the one before, and 65,536 times how many follow;
 * - flags;
 * - the stamp (`stamp.ts`);
 * - the first 16 bytes of the sha256 of the observation;
 * - the bytes of the path that follow, filled up with zeros.
 */
const digestWords = 4;
const recordWords = 2 + stampWords + digestWords;
const recordBytes = recordWords * 4;

export const stampFlag = {
  file: 1,
  directory: 2,
  /** As `isSettled` says. */
  settled: 4,
  /** A set-id program or one with capabilities: to be looked at again whatever its stamp says. */
  privileged: 8,
  /** It was as it was baked. */
  baked: 16,
  /** A directory that was looked into, and not at. */
  listed: 32,
} as const;

const Head = z.strictObject({
  schema: z.literal('pristine.stamps/1'),
  startedAt: z.string().describe('of the report of the sweep'),
  composition: z.string().describe('digest of what was compared with'),
  mounts: z.string().describe('digest of the mounts that were met'),
  outer: z
    .array(z.tuple([z.string(), z.enum(['content', 'attributes']), z.string()]))
    .describe('paths where facts are read and the walk did not look, each with what was there'),
});
export type StampsHead = Omit<z.infer<typeof Head>, 'schema'>;

/** A million paths take about 110 MB. Of many more none are kept, and each sweep looks at everything. */
const stampsBytesMax = 128 * 1_048_576;
const noDigest = Buffer.alloc(digestWords * 4);
const headBytesMax = 8 * 1_048_576;
const chunkBytes = 128 * 1_024;

export interface StampWriter {
  readonly add: (path: RawName, observation: Observation, stamp: StampPlace | undefined, isBaked: boolean) => void;
  /** A directory of which only the names matter. To be told before what is in it. */
  readonly addListed: (path: RawName, stamp: StampPlace) => void;
  readonly save: (head: StampsHead) => void;
  /** Leaves nothing behind of what was not saved. */
  readonly close: () => void;
}

/**
 * Begins a file in place of the one that is there. `sweptAt`: when the sweep began, in milliseconds since 1970. Where the
 * disk takes no more there is no file: that costs the next sweep its speed, and this one nothing.
 */
export function openStampWriter(file: string, sweptAt: number): StampWriter {
  const temporary = temporaryIn(dirname(file));
  const chunk = Buffer.alloc(chunkBytes);
  const words = new Uint32Array(chunk.buffer, chunk.byteOffset, chunkBytes / 4);
  const hasher = createHash('sha256');
  let fd: number | undefined;
  let length = 0;
  let total = 0;
  let before: RawName = '';

  const close = () => {
    if (fd === undefined) return;
    closeSync(fd);
    fd = undefined;
    attempt(() => rmSync(temporary, { force: true }));
  };
  const orGiveUp = (work: () => void) => {
    if (!attempt(work)) close();
  };
  const flush = () => {
    total += length;
    if (total > stampsBytesMax) return close();
    hasher.update(chunk.subarray(0, length));
    writeSync(fd!, chunk, 0, length);
    length = 0;
  };
  const put = (path: RawName, flags: number, stamp: StampPlace, digest: Buffer) => {
    const shared = sharedLength(before, path);
    const end = recordBytes + path.length - shared;
    const bytes = Math.ceil(end / 4) * 4;
    if (fd !== undefined && length + bytes > chunkBytes) orGiveUp(flush);
    if (fd === undefined) return;
    words[length / 4] = shared | ((path.length - shared) << 16);
    words[length / 4 + 1] = flags;
    words.set(stamp.words.subarray(stamp.at, stamp.at + stampWords), length / 4 + 2);
    digest.copy(chunk, length + (2 + stampWords) * 4);
    chunk.write(path.slice(shared), length + recordBytes, 'latin1');
    chunk.fill(0, length + end, length + bytes);
    length += bytes;
    before = path;
  };
  orGiveUp(() => {
    rmSync(file, { force: true, recursive: true });
    fd = openSync(temporary, 'wx', 0o600);
  });
  return {
    add: (path, observation, stamp, isBaked) => {
      if (observation === '' || stamp === undefined) return;
      const flags = flagsOf(observation, stamp, sweptAt) | (isBaked ? stampFlag.baked : 0);
      put(path, flags, stamp, digestOf(observation));
    },
    addListed: (path, stamp) =>
      put(path, stampFlag.listed | (isSettled(stamp, sweptAt) ? stampFlag.settled : 0), stamp, noDigest),
    save: (head) =>
      orGiveUp(() => {
        if (fd !== undefined) flush();
        if (fd === undefined) return;
        const text = Buffer.from(
          JSON.stringify({ schema: 'pristine.stamps/1', ...head } satisfies z.infer<typeof Head>),
        );
        if (text.length > headBytesMax) return close();
        const length = Buffer.alloc(4);
        length.writeUInt32LE(text.length);
        writeSync(fd, Buffer.concat([text, hasher.update(text).digest(), length]));
        renameSync(temporary, file);
        close();
      }),
    close,
  };
}

/** False where the system refuses. */
function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (errnoOf(error) === '') throw error;
    return false;
  }
}

function flagsOf(observation: Observation, stamp: StampPlace, sweptAt: number): number {
  return (
    (isFileStamp(stamp) ? stampFlag.file : 0) |
    (isDirectoryStamp(stamp) ? stampFlag.directory : 0) |
    (isSettled(stamp, sweptAt) ? stampFlag.settled : 0) |
    (mayBePrivileged(observation) ? stampFlag.privileged : 0)
  );
}

function digestOf(observation: Observation): Buffer {
  return hash('sha256', observation, 'buffer').subarray(0, digestWords * 4);
}

function sharedLength(before: RawName, path: RawName): number {
  const end = Math.min(before.length, path.length);
  for (let at = 0; at < end; at++) if (before.charCodeAt(at) !== path.charCodeAt(at)) return at;
  return end;
}

/** One path as the sweep saw it. One object for all: it is good until the next is asked for. */
export interface StampRecord {
  /** Its path and a NUL. */
  readonly path: Buffer;
  readonly length: number;
  /** So many bytes of it are those of the path before. */
  readonly shared: number;
  readonly flags: number;
  readonly stamp: StampPlace;
  readonly isSeenAs: (observation: Observation) => boolean;
}

export interface StampFile {
  readonly head: StampsHead;
  /** Of all of it, as it says itself: in hex. */
  readonly sha256: string;
  /** Errors: DIGEST, at any record or after the last: what was told before counts for nothing then. */
  readonly records: () => Generator<StampRecord>;
  readonly close: () => void;
}

/** Errors: DIGEST for anything but what a writer left. Throws what the system says. */
export function openStampFile(file: string): StampFile {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const tail = readTail(fd);
    return {
      head: tail.head,
      sha256: tail.sha256.toString('hex'),
      records: () => readRecords(fd, tail),
      close: () => closeSync(fd),
    };
  } catch (cause) {
    closeSync(fd);
    throw cause instanceof CodedError ? cause : broken(cause);
  }
}

interface Tail {
  readonly head: StampsHead;
  /** Where the records end. */
  readonly end: number;
  readonly text: Buffer;
  readonly sha256: Buffer;
}

function readTail(fd: number): Tail {
  const stats = fstatSync(fd);
  if (!stats.isFile()) throw broken();
  const { size } = stats;
  const length = readAt(fd, size - 4, 4).readUInt32LE(0);
  if (length > headBytesMax) throw broken();
  const sha256 = readAt(fd, size - 4 - sha256Bytes, sha256Bytes);
  const end = size - 4 - sha256Bytes - length;
  const text = readAt(fd, end, length);
  const { schema: _, ...head } = Head.parse(JSON.parse(text.toString('utf8')));
  return { head, end, text, sha256 };
}

const sha256Bytes = 32;

function readAt(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (position < 0 || readSync(fd, bytes, 0, length, position) !== length) throw broken();
  return bytes;
}

function* readRecords(fd: number, { end, text, sha256 }: Tail): Generator<StampRecord> {
  const hasher = createHash('sha256');
  const chunk = Buffer.alloc(chunkBytes);
  const words = new Uint32Array(chunk.buffer, chunk.byteOffset, chunkBytes / 4);
  const path = Buffer.alloc(rawNameBytesMax + 1);
  const stamp = { words, at: 0 };
  const record = {
    path,
    length: 0,
    shared: 0,
    flags: 0,
    stamp,
    isSeenAs: (observation: Observation) => {
      const at = (stamp.at + stampWords) * 4;
      return digestOf(observation).equals(chunk.subarray(at, at + digestWords * 4));
    },
  };
  let left = 0;
  for (let position = 0; position < end; ) {
    const got = readSync(fd, chunk, left, Math.min(chunkBytes - left, end - position), position);
    hasher.update(chunk.subarray(left, left + got));
    position += got;
    const length = left + got;
    let at = 0;
    while (at + recordBytes <= length) {
      const [first, flags] = [words[at / 4]!, words[at / 4 + 1]!];
      const [shared, rest] = [first & 0xffff, first >>> 16];
      const next = at + Math.ceil((recordBytes + rest) / 4) * 4;
      if (shared > record.length || shared + rest > rawNameBytesMax) throw broken();
      if (next > length) break;
      chunk.copy(path, shared, at + recordBytes, at + recordBytes + rest);
      path[shared + rest] = 0;
      record.length = shared + rest;
      record.shared = shared;
      record.flags = flags;
      stamp.at = at / 4 + 2;
      yield record;
      at = next;
    }
    if (at === 0) throw broken();
    left = length - at;
    chunk.copyWithin(0, at, length);
  }
  if (left > 0 || !hasher.update(text).digest().equals(sha256)) throw broken();
}

function broken(cause?: unknown): CodedError {
  return new CodedError('DIGEST', 'what the last sweep kept is not what it wrote', cause);
}
