import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { createZstdCompress } from 'node:zlib';
import { compressOptions } from '../check/inflate.ts';

export interface EntriesWriter {
  /** Lines without newlines, in the order of the manifest. Resolves when there is room for more. */
  readonly write: (lines: readonly string[]) => Promise<void>;
  readonly finish: () => Promise<WrittenEntries>;
  readonly abandon: () => void;
}

export interface WrittenEntries {
  readonly bytes: number;
  readonly lines: number;
  /** Of the lines. */
  readonly sha256: string;
  /** Of the compressed file. */
  readonly storedSha256: string;
}

/** Streams entries into a compressed file and digests them on both sides of the compression. */
export function openEntriesWriter(path: string): EntriesWriter {
  const fd = openSync(path, 'wx', 0o644);
  const inner = createHash('sha256');
  const outer = createHash('sha256');
  const compressor = createZstdCompress(compressOptions);
  let bytes = 0;
  let count = 0;
  let failure: unknown;
  let written = Promise.resolve();
  compressor.on('data', (chunk: Buffer) => {
    try {
      for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
      outer.update(chunk);
    } catch (error) {
      failure ??= error;
    }
  });
  return {
    write: async (lines) => {
      if (failure !== undefined) throw failure;
      if (lines.length === 0) return;
      const chunk = Buffer.from(`${lines.join('\n')}\n`);
      bytes += chunk.length;
      count += lines.length;
      inner.update(chunk);
      const taken = Promise.withResolvers<void>();
      written = taken.promise;
      if (!compressor.write(chunk, () => taken.resolve())) await once(compressor, 'drain');
    },
    finish: async () => {
      // One that is ended while it still writes ends its frame and begins another, empty one, and of several frames Node (24.21)
      // inflates the first alone: what comes in two parts that meet within the second is taken for damaged.
      await written;
      compressor.end();
      await once(compressor, 'end');
      if (failure !== undefined) throw failure;
      fsyncSync(fd);
      closeSync(fd);
      return { bytes, lines: count, sha256: inner.digest('hex'), storedSha256: outer.digest('hex') };
    },
    abandon: () => {
      compressor.destroy();
      closeSync(fd);
    },
  };
}
