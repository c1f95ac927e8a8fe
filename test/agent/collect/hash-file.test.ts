import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { hashFile, hashSlowly } from '../../../agent/collect/hash-file.ts';
import { openPace } from '../../../agent/collect/pace.ts';
import { aDirectory } from '../../support/directory.ts';

const pace = () => openPace({ bytesPerSecondMax: 1_000_000_000 });
let file: string;
beforeEach(() => {
  file = join(aDirectory(), 'file');
});

function opened<T>(read: (fd: number) => T): T {
  const fd = openSync(file, 'r');
  try {
    return read(fd);
  } finally {
    closeSync(fd);
  }
}

describe('a file that is hashed slowly', () => {
  it.each([0, 1, 4_095, 4_096, 524_288, 524_289, 3_000_000])('has the digest of its %d bytes', (size) => {
    const bytes = randomBytes(size);
    writeFileSync(file, bytes);
    const digest = createHash('sha256').update(bytes).digest('hex');

    expect(opened((fd) => hashSlowly(fd, size, pace(), undefined))).toBe(digest);
    expect(opened((fd) => hashFile(fd, size, undefined))).toBe(digest);
  });

  it.each([1, 600_000])('has none when it ends before its %d bytes', (size) => {
    writeFileSync(file, Buffer.alloc(size - 1));

    expect(opened((fd) => hashSlowly(fd, size, pace(), undefined))).toBeUndefined();
  });

  it('has none when it says that it is empty and is not', () => {
    writeFileSync(file, 'x');

    expect(opened((fd) => hashSlowly(fd, 0, pace(), undefined))).toBeUndefined();
  });

  it('is given up when nobody waits for it any more', () => {
    writeFileSync(file, Buffer.alloc(1_000_000));
    const stop = new Int32Array(new SharedArrayBuffer(4));
    stop[0] = 1;

    expect(opened((fd) => hashSlowly(fd, 1_000_000, openPace({ bytesPerSecondMax: 1_000 }), stop))).toBeUndefined();
  });
});
