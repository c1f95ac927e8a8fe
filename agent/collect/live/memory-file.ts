import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import type { Digest } from '../../../shared/digest.ts';
import { errnoOf } from '../system-path.ts';

/** A larger one is not read, and taken for no copy of anything. */
const memoryBytesMax = 64 * 1_048_576;

/** The digest of a program that runs from memory, by its link in /proc; undefined where the process has ended. */
export function digestOfMemory(exe: string): Digest | 'unknown' | undefined {
  let fd: number;
  try {
    fd = openSync(exe, 'r');
  } catch (error) {
    return ['ENOENT', 'ESRCH'].includes(errnoOf(error)) ? undefined : 'unknown';
  }
  try {
    return digestOfOpen(fd);
  } catch {
    return 'unknown';
  } finally {
    closeSync(fd);
  }
}

function digestOfOpen(fd: number): Digest | 'unknown' {
  const hasher = createHash('sha256');
  const chunk = Buffer.allocUnsafe(256 * 1_024);
  for (let position = 0; position <= memoryBytesMax; ) {
    const length = readSync(fd, chunk, 0, chunk.length, position);
    if (length === 0) return `sha256:${hasher.digest('hex')}`;
    hasher.update(chunk.subarray(0, length));
    position += length;
  }
  return 'unknown';
}
