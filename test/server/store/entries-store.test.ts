import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openEntriesStore } from '../../../server/store/entries-store.ts';
import { sha256Hex } from '../../../shared/digest.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { aDirectory } from '../../support/directory.ts';

const entries = Buffer.from('{"subject":"file"}\n'.repeat(10_000));
const claim = { sha256: sha256Hex(entries), bytes: entries.length };
const body = (bytes: Buffer) => Readable.from([bytes.subarray(0, 10), bytes.subarray(10)]);

describe('the entries of pushed images', () => {
  it('are kept by the digest that was signed, also for the next start', async () => {
    const directory = join(aDirectory(), 'entries');
    const store = openEntriesStore(directory);

    await store.put(claim, body(zstdCompressSync(entries)));
    await store.put(claim, body(zstdCompressSync(entries)));

    expect(existsSync(openEntriesStore(directory).fileOf(claim.sha256)!)).toBe(true);
    expect(readdirSync(directory)).toEqual([`${claim.sha256}.zst`]);
  });

  it.each([
    ['others than those that were signed', zstdCompressSync(Buffer.from('others'))],
    ['more than was signed', zstdCompressSync(Buffer.concat([entries, entries]))],
    ['a bomb', zstdCompressSync(Buffer.alloc(200_000_000))],
    ['what was cut short', zstdCompressSync(entries).subarray(0, 20)],
    ['noise', randomBytes(5_000)],
    ['nothing', Buffer.alloc(0)],
  ])('are never %s', async (_what, bytes) => {
    const directory = join(aDirectory(), 'entries');
    const store = openEntriesStore(directory);

    expect(await codeOfAsync(() => store.put(claim, body(bytes)))).toBe('DIGEST');
    expect([store.fileOf(claim.sha256), readdirSync(directory)]).toEqual([undefined, []]);
  });

  it('leave no draft of a server that died', () => {
    const directory = join(aDirectory(), 'entries');
    openEntriesStore(directory);
    writeFileSync(join(directory, 'x.zst.ab.tmp'), 'half');

    openEntriesStore(directory);

    expect(readdirSync(directory)).toEqual([]);
  });
});
