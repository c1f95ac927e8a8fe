import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openStampFile, openStampWriter, type StampsHead, stampFlag } from '../../../agent/check/stamp-file.ts';
import { stampWords } from '../../../agent/collect/stamp.ts';
import type { RawName } from '../../../shared/name.ts';
import { aDirectory } from '../../support/directory.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = aDirectory();
  file = join(directory, 'stamps');
});

const head: StampsHead = {
  startedAt: 'then',
  composition: 'c',
  mounts: 'm',
  outer: [['/bin', 'content', '/usr/bin 1']],
};
const sweptAt = 10_000_000;

/** Of a regular file that last changed so many milliseconds after 1970. */
function aStamp(changedMs: number, mode = 0o100644) {
  const words = new Uint32Array(stampWords).fill(7);
  words[3] = mode;
  words.set([Math.floor(changedMs / 1_000), 0, (changedMs % 1_000) * 1e6], 8);
  return { words, at: 0 };
}

function write(paths: readonly RawName[], observation = '{"mode":"0644","type":"file"}'): void {
  const writer = openStampWriter(file, sweptAt);
  for (const path of paths) writer.add(path, observation, aStamp(1_000), true);
  writer.save(head);
  writer.close();
}

function read(): { readonly path: RawName; readonly flags: number; readonly changed: number }[] {
  const stamps = openStampFile(file);
  try {
    return Array.from(stamps.records(), ({ path, length, flags, stamp }) => ({
      path: path.toString('latin1', 0, length),
      flags,
      changed: stamp.words[stamp.at + 8]!,
    }));
  } finally {
    stamps.close();
  }
}

describe('a file of stamps', () => {
  it('gives back what was written, whatever the names are', () => {
    const deep = `/${'d'.repeat(250)}`.repeat(32);
    const odd = ['/', '/a', '/a-b', '/a/b', '/a/b\n', '/a/\xff\x80', `/a/${'x'.repeat(255)}`, deep, '/z'];
    const many = Array.from({ length: 5_000 }, (_, index) => `/many/${index}`);
    write([...odd, ...many]);

    expect(read().map(({ path }) => path)).toEqual([...odd, ...many]);
    expect(openStampFile(file).head).toEqual(head);
    expect(readdirSync(directory)).toEqual(['stamps']);
  });

  it('knows what has to be looked at again whatever its stamp says', () => {
    const writer = openStampWriter(file, sweptAt);
    const line = (mode: string) => `{"mode":"${mode}","type":"file"}`;
    writer.add('/old', line('0644'), aStamp(sweptAt - 60_001), true);
    writer.add('/new', line('0644'), aStamp(sweptAt - 60_000), true);
    writer.add('/set-id', line('4755'), aStamp(0), false);
    writer.add('/dir', '{"mode":"0755","type":"dir"}', aStamp(0, 0o040755), true);
    writer.add('/unseen', '!unreadable', { words: new Uint32Array(stampWords), at: 0 }, false);
    writer.add('/gone', '', aStamp(0), false);
    writer.save(head);

    const { file: regular, directory: folder, settled, privileged, baked } = stampFlag;
    expect(read().map(({ path, flags }) => [path, flags])).toEqual([
      ['/old', regular | settled | baked],
      ['/new', regular | baked],
      ['/set-id', regular | settled | privileged],
      ['/dir', folder | settled | baked],
      ['/unseen', 0],
    ]);
  });

  it('tells one observation from another', () => {
    write(['/a'], 'one');
    const stamps = openStampFile(file);

    const [record] = stamps.records();
    expect([record!.isSeenAs('one'), record!.isSeenAs('two')]).toEqual([true, false]);
  });

  it('is refused with any byte flipped, any missing, and any more', () => {
    write(['/', '/a', '/b']);
    const good = readFileSync(file);
    const isRefused = (bytes: Buffer) => {
      writeFileSync(file, bytes);
      try {
        read();
        return false;
      } catch (error) {
        return (error as { code?: string }).code === 'DIGEST';
      }
    };
    for (let at = 0; at < good.length; at++) {
      const flipped = Buffer.from(good);
      flipped[at]! ^= 1;
      expect(isRefused(flipped), `flipped ${at}`).toBe(true);
      expect(isRefused(good.subarray(0, at)), `cut to ${at}`).toBe(true);
    }
    expect(isRefused(Buffer.concat([good, Buffer.of(0)]))).toBe(true);
    expect(isRefused(good)).toBe(false);
  });

  it('is not kept where the disk takes no more, nor left half-written', () => {
    const nowhere = join(directory, 'none/stamps');
    const writer = openStampWriter(nowhere, sweptAt);
    writer.add('/a', 'x', aStamp(0), true);
    writer.save(head);
    const unsaved = openStampWriter(file, sweptAt);
    unsaved.add('/a', 'x', aStamp(0), true);
    unsaved.close();

    expect(readdirSync(directory)).toEqual([]);
  });
});
