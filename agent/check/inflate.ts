import { createHash, type Hash } from 'node:crypto';
import { readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { constants, createZstdDecompress, zstdDecompressSync } from 'node:zlib';
import { CodedError } from '../../shared/errors.ts';

const windowLog = 23;

/** 8 MiB of window at most, so that whoever reads can bound its memory; a checksum, so that damage is noticed early. */
export const compressOptions = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 6,
    [constants.ZSTD_c_windowLog]: 21,
    [constants.ZSTD_c_checksumFlag]: 1,
  },
} as const;

export interface Inflated {
  readonly bytes: number;
  readonly sha256: string;
}

/** A file of more is none that `compressOptions` ever make of so many bytes. */
export function packedBytesMax(bytes: number): number {
  return bytes * 1.01 + 65_536;
}

/** So much is inflated in one go: to set up a stream for it takes as long as the inflating. */
const atOnceBytesMax = 8 * 1_048_576;

/**
 * Inflates from the start of a file, handing each chunk on, and returns the digest and length of all of it.
 * Never inflates more than `bytesMax`, a little over: what is past that is nobody's. Errors: DIGEST.
 */
export async function* inflate(fd: number, bytesMax: number): AsyncGenerator<Buffer, Inflated> {
  const hasher: Hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of bytesMax <= atOnceBytesMax ? inflateAtOnce(fd, bytesMax) : inflateInParts(fd)) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw tooMany(bytesMax);
      hasher.update(chunk);
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError('DIGEST', 'the entries could not be inflated: they are damaged or cut short', cause);
  }
  return { bytes, sha256: hasher.digest('hex') };
}

function tooMany(bytesMax: number): CodedError {
  return new CodedError('DIGEST', `expected ${bytesMax} bytes of entries, got more`);
}

const params = { [constants.ZSTD_d_windowLogMax]: windowLog };

function* inflateAtOnce(fd: number, bytesMax: number): Generator<Buffer> {
  const packed: Buffer[] = [];
  let left = packedBytesMax(bytesMax);
  for (const chunk of readChunks(fd)) {
    left -= chunk.length;
    if (left < 0) throw new Error(`more than ${packedBytesMax(bytesMax)} bytes`);
    packed.push(chunk);
  }
  try {
    yield zstdDecompressSync(Buffer.concat(packed), { maxOutputLength: bytesMax, params });
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooMany(bytesMax) : cause;
  }
}

async function* inflateInParts(fd: number): AsyncGenerator<Buffer> {
  const source = Readable.from(readChunks(fd), { objectMode: false });
  const inflater = createZstdDecompress({ chunkSize: 128 * 1024, params });
  source.on('error', (error) => inflater.destroy(error));
  try {
    yield* source.pipe(inflater) as AsyncIterable<Buffer>;
  } finally {
    source.destroy();
    inflater.destroy();
  }
}

const chunkBytes = 64 * 1024;

/** The bytes of a file from its start, leaving its own position alone, so that it can be read again. */
function* readChunks(fd: number): Generator<Buffer> {
  for (let position = 0; ; ) {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    const length = readSync(fd, chunk, 0, chunkBytes, position);
    if (length === 0) return;
    position += length;
    yield chunk.subarray(0, length);
  }
}
