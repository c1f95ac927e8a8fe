import { createHash, type Hash, hash } from 'node:crypto';
import { readSync } from 'node:fs';
import { pageAligned } from '../host/libc.ts';
import { dropNewPages, residencyBytesMax, residencyOf } from '../host/page-cache.ts';
import { type Pace, stepBytes, takeTurn } from './pace.ts';

const buffer = pageAligned(512 * 1024);

/** sha256 in hex of exactly `size` bytes and then the end, or undefined: then somebody is writing. */
export function hashFile(fd: number, size: number, stop: Int32Array | undefined): string | undefined {
  if (size <= buffer.length) {
    const length = readFully(fd, size);
    return length === size ? hash('sha256', buffer.subarray(0, length), 'hex') : undefined;
  }
  const hasher = createHash('sha256');
  for (let left = size; left > 0; ) {
    const length = readSync(fd, buffer, 0, buffer.length, null);
    if (length === 0 || length > left || stop?.[0] === 1) return undefined;
    hasher.update(buffer.subarray(0, length));
    left -= length;
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

/**
 * The same at a given pace. What comes into the page cache by it goes out again, and what others had there stays: a scan
 * must not cost a service its warm files.
 */
export function hashSlowly(fd: number, size: number, pace: Pace, stop: Int32Array | undefined): string | undefined {
  const hasher = createHash('sha256');
  let at = 0;
  do {
    const length = Math.min(size - at, residencyBytesMax);
    const residency = residencyOf(fd, at, length);
    const isWhole = readPart(fd, length, hasher, pace, stop);
    dropNewPages(fd, residency);
    if (!isWhole) return undefined;
    at += length;
  } while (at < size);
  return hasher.digest('hex');
}

function readPart(fd: number, size: number, hasher: Hash, pace: Pace, stop: Int32Array | undefined): boolean {
  const step = stepBytes(pace, buffer.length);
  // Of a file that says it is empty one byte is asked for, as above.
  for (let left = size; left > 0 || size === 0; ) {
    const wanted = Math.min(step, Math.max(left, 1));
    takeTurn(pace, size === 0 ? 0 : wanted, stop);
    const length = readSync(fd, buffer, 0, wanted, null);
    if (size === 0) return length === 0;
    if (length === 0 || stop?.[0] === 1) return false;
    hasher.update(buffer.subarray(0, length));
    left -= length;
  }
  return true;
}
