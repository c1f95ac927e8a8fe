import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { archiveError } from './archive-error.ts';

/** Bytes that can be read again from any place. */
export interface ByteSource {
  /** Whether it costs nothing to begin in the middle. */
  readonly seekable: boolean;
  /** From `start` to the end, or to whoever stops reading. Errors: ARCHIVE, IO. */
  readonly open: (start: number) => AsyncIterable<Buffer>;
}

/**
 * How much an image may hold, inflated and with the holes of sparse files, each time it is read: a kilobyte can say that it
 * is a petabyte.
 */
export const imageBytesMax = 256 * 2 ** 30;

/** Counts what is inflated or made up, over all layers. */
export interface Budget {
  /** Errors: ARCHIVE. */
  readonly spend: (bytes: number) => void;
}

export function newBudget(bytesMax = imageBytesMax): Budget {
  let spent = 0;
  return {
    spend: (bytes) => {
      spent += bytes;
      if (spent > bytesMax) throw archiveError(`the image holds more than ${bytesMax} bytes once it is inflated`);
    },
  };
}

export interface FileSource extends ByteSource {
  readonly close: () => void;
}

/** A regular file of this machine. Errors: NOT_FOUND. */
export function openFile(path: string): FileSource {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (cause) {
    throw new CodedError('NOT_FOUND', `could not open ${path}: ${sentenceOf(cause)}`, cause);
  }
  if (!fstatSync(fd).isFile()) {
    closeSync(fd);
    throw new CodedError('NOT_FOUND', `expected a regular file at ${path}, got something else`);
  }
  return {
    seekable: true,
    open: (start) => Readable.from(chunksOf(fd, start), { objectMode: false, highWaterMark: 1 }),
    close: () => closeSync(fd),
  };
}

const chunkBytes = 256 * 1024;

function* chunksOf(fd: number, start: number): Generator<Buffer> {
  for (let position = start; ; ) {
    const chunk = Buffer.allocUnsafeSlow(chunkBytes);
    const length = readSync(fd, chunk, 0, chunkBytes, position);
    if (length === 0) return;
    position += length;
    yield chunk.subarray(0, length);
  }
}

/** A part of another source, as a layer is of an archive. Errors: ARCHIVE where it ends too early. */
export function sliceOf(source: ByteSource, offset: number, size: number): ByteSource {
  return {
    seekable: source.seekable,
    open: async function* (start) {
      let left = Math.max(0, size - start);
      if (left === 0) return;
      for await (const chunk of source.open(offset + start)) {
        const part = chunk.subarray(0, left);
        left -= part.length;
        if (part.length > 0) yield part;
        if (left === 0) return;
      }
      throw archiveError('the archive is cut short');
    },
  };
}

/** What a source holds, without compression: gzip, zstd or none, as its first bytes say and not its name. */
export async function inflated(source: ByteSource, budget: Budget): Promise<ByteSource> {
  const newInflater = inflaterFor(await firstBytes(source));
  if (newInflater === undefined) return source;
  return { seekable: false, open: (start) => dropFirst(inflate(source, newInflater, budget), start) };
}

async function firstBytes(source: ByteSource): Promise<Buffer> {
  for await (const chunk of source.open(0)) return chunk.subarray(0, 6);
  return Buffer.alloc(0);
}

/** Errors: ARCHIVE for what others compress with. */
function inflaterFor(magic: Buffer): (() => Transform) | undefined {
  const hex = magic.toString('hex');
  if (hex.startsWith('1f8b')) return () => createGunzip({ chunkSize: chunkBytes });
  // A frame, or one that is to be skipped (RFC 8878).
  if (/^(28b52ffd|5.2a4d18)/.test(hex)) return () => createZstdDecompress({ chunkSize: chunkBytes });
  const other = /^fd377a585a00/.test(hex) ? 'xz' : /^425a68/.test(hex) ? 'bzip2' : undefined;
  if (other !== undefined)
    throw archiveError(`the archive is compressed with ${other}: expected gzip, zstd or nothing`);
  return undefined;
}

async function* inflate(source: ByteSource, newInflater: () => Transform, budget: Budget): AsyncGenerator<Buffer> {
  const input = Readable.from(source.open(0), { objectMode: false });
  const inflater = newInflater();
  input.on('error', (error) => inflater.destroy(error));
  try {
    for await (const chunk of input.pipe(inflater) as AsyncIterable<Buffer>) {
      budget.spend(chunk.length);
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw archiveError('the archive could not be inflated: it is damaged or cut short', cause);
  } finally {
    input.destroy();
    inflater.destroy();
  }
}

async function* dropFirst(chunks: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of chunks) {
    if (chunk.length > left) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
