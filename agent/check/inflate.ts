import { createHash, type Hash } from 'node:crypto';
import { readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { constants, createZstdDecompress } from 'node:zlib';
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

/**
 * Inflates from the start of a file, handing each chunk on, and returns the digest and length of all of it.
 * Never inflates more than `bytesMax`, a little over: what is past that is nobody's. Errors: DIGEST.
 */
export async function* inflate(fd: number, bytesMax: number): AsyncGenerator<Buffer, Inflated> {
  const hasher: Hash = createHash('sha256');
  let bytes = 0;
  const source = Readable.from(readChunks(fd), { objectMode: false });
  const inflater = createZstdDecompress({
    chunkSize: 128 * 1024,
    params: { [constants.ZSTD_d_windowLogMax]: windowLog },
  });
  source.on('error', (error) => inflater.destroy(error));
  try {
    for await (const chunk of source.pipe(inflater) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw new CodedError('DIGEST', `expected ${bytesMax} bytes of entries, got more`);
      hasher.update(chunk);
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError('DIGEST', 'the entries could not be inflated: they are damaged or cut short', cause);
  } finally {
    source.destroy();
    inflater.destroy();
  }
  return { bytes, sha256: hasher.digest('hex') };
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
