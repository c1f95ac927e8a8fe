import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ByteSource } from '../../agent/image/byte-source.ts';

/** Bytes in memory as an image is read, in chunks of an odd size, so that what is read lies across their seams. */
export function sourceOf(bytes: Buffer): ByteSource {
  return {
    seekable: true,
    open: async function* (start) {
      for (let at = start; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
    },
  };
}

const chunkBytes = 1_021;

let folder: string | undefined;

/** Bytes as the file they are read from. */
export function asFile(bytes: Buffer): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'pristine-fuzz-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  const path = join(folder, 'input');
  writeFileSync(path, bytes);
  return path;
}

export async function asDescriptor<T>(bytes: Buffer, read: (fd: number) => Promise<T>): Promise<T> {
  const fd = openSync(asFile(bytes), 'r');
  try {
    return await read(fd);
  } finally {
    closeSync(fd);
  }
}

/** Two inputs in one: the first has as many bytes as the first four say, at most all. */
export function twoOf(input: Buffer): readonly [Buffer, Buffer] {
  const length = input.length < 4 ? 0 : input.readUInt32BE(0);
  const rest = input.subarray(4);
  return [rest.subarray(0, length), rest.subarray(length)];
}

export function joined(first: Buffer, second: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(first.length);
  return Buffer.concat([length, first, second]);
}
