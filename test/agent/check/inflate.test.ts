import { createHash } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compressOptions, inflate } from '../../../agent/check/inflate.ts';
import { aDirectory } from '../../support/directory.ts';

const packed = (bytes: Buffer) => zstdCompressSync(bytes, compressOptions);

let file: string;
let fd: number | undefined;
beforeEach(() => {
  file = join(aDirectory(), 'packed');
});
afterEach(() => {
  if (fd !== undefined) closeSync(fd);
  fd = undefined;
});

async function inflated(stored: Buffer, bytesMax: number) {
  writeFileSync(file, stored);
  fd = openSync(file, 'r');
  const digest = createHash('sha256');
  const chunks = inflate(fd, bytesMax);
  for (let next = await chunks.next(); ; next = await chunks.next()) {
    if (next.done) return { ...next.value, handedOn: digest.digest('hex') };
    digest.update(next.value);
  }
}

const mebibyte = 1_048_576;

describe('entries that are inflated', () => {
  const size = 9 * mebibyte;
  const bytes = Buffer.alloc(size, 'some line of an entry\n');

  it('are handed on whole, with their length and digest', async () => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');

    expect(await inflated(packed(bytes), size)).toEqual({ bytes: size, sha256, handedOn: sha256 });
  });

  it('are refused where there are more than were signed', async () => {
    await expect(inflated(packed(Buffer.concat([bytes, Buffer.from('x')])), size)).rejects.toMatchObject({
      code: 'DIGEST',
      message: `expected ${size} bytes of entries, got more`,
    });
  });

  it.each([
    ['cut short', (stored: Buffer) => stored.subarray(0, -5)],
    ['damaged', (stored: Buffer) => Buffer.concat([stored.subarray(0, 20), Buffer.alloc(9), stored.subarray(29)])],
    ['no zstd at all', () => Buffer.from('hello')],
  ])('are refused where they are %s', async (_what, change) => {
    await expect(inflated(change(packed(bytes)), size)).rejects.toMatchObject({ code: 'DIGEST' });
  });
});

it('a window that would take more memory than ours do is not given', async () => {
  const bytes = Buffer.alloc(9 * mebibyte, 'x');
  const greedy = { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_contentSizeFlag]: 0 };

  await expect(inflated(zstdCompressSync(bytes, { params: greedy }), bytes.length)).rejects.toMatchObject({
    code: 'DIGEST',
  });
});
