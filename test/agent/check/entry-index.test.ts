import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type EntryIndex, indexEntries, type Wanted } from '../../../agent/check/entry-index.ts';
import { nameIn, subjectIn } from '../../../agent/check/unparsed-line.ts';
import { type Entry, subjectKey } from '../../../shared/entry.ts';
import { compareEntries, writeEntryLine } from '../../../shared/entry-line.ts';
import { encodeRaw, rawName } from '../../../shared/name.ts';
import { aDirectory } from '../../support/directory.ts';
import { aFile, aPackage } from '../../support/entries.ts';
import { seededRandom } from '../../support/random.ts';

let index: EntryIndex | undefined;

afterEach(() => {
  index?.close();
  index = undefined;
  vi.restoreAllMocks();
});

describe('the index of entries', () => {
  it('finds all that is at and beneath paths, and whole subjects, and reads no more than it must', async () => {
    const random = seededRandom(1);
    const parts = ['a', 'a-b', 'a.b', 'b', '\xff', '0', 'é'];
    const names = new Set<string>(['/']);
    while (names.size < 6_000) {
      const depth = 1 + random.below(5);
      names.add(Array.from({ length: depth }, () => `/${random.pick(parts)}${random.below(9)}`).join(''));
    }
    const entries: Entry[] = [...names].map((raw) => aFile({ name: encodeRaw(Buffer.from(raw).toString('latin1')) }));
    for (let n = 0; n < 500; n++) entries.push(aPackage({ name: `p${n}` }));
    const directory = aDirectory();
    index = await anIndex(entries, directory);

    for (let round = 0; round < 200; round++) {
      const raw = rawName(random.pick(entries).name);
      const path = random.below(2) === 0 ? raw : raw.slice(0, raw.lastIndexOf('/')) || '/';
      const wanted = { paths: [path], subjects: random.below(4) === 0 ? ['package'] : [] };
      const found = linesOf(index, wanted);

      const keys = new Set(found.map((line) => subjectKey({ subject: subjectIn(line), name: nameIn(line)! })));
      const expected = entries.filter(({ subject, name }) => isWanted(subject, rawName(name), wanted));
      expect(expected.filter((entry) => !keys.has(subjectKey(entry)))).toEqual([]);
      expect(found).toEqual([...found].sort((a, b) => compareEntries(JSON.parse(a), JSON.parse(b))));
    }
    expect(linesOf(index, { paths: ['/a1'], subjects: [] }).length).toBeLessThan(entries.length / 2);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('gives nothing where nothing is wanted, or there is nothing', async () => {
    index = await anIndex([aFile({ name: '/a' })]);
    expect(linesOf(index, { paths: [], subjects: [] })).toEqual([]);
    index.close();

    index = await anIndex([]);
    expect(linesOf(index, { paths: ['/a'], subjects: ['package'] })).toEqual([]);
  });

  it('notices when what was set aside is changed', async () => {
    const fs = await import('node:fs');
    index = await anIndex([aFile({ name: '/a' })]);
    const fd = fs.readdirSync('/proc/self/fd').find((one) => linkOf(fs, one).includes('entries (deleted)'))!;
    fs.writeSync(Number(fd), 'x', 3);

    expect(() => linesOf(index!, { paths: ['/a'], subjects: [] })).toThrow(expect.objectContaining({ code: 'DIGEST' }));
  });

  it('is not made where nothing can be written', async () => {
    await expect(anIndex([], join(aDirectory(), 'absent'))).rejects.toThrow('ENOENT');
  });
});

async function anIndex(entries: readonly Entry[], directory = aDirectory()): Promise<EntryIndex> {
  const lines = [...entries].sort(compareEntries).map(writeEntryLine);
  async function* chunks() {
    for (let at = 0; at < lines.length; at += 700) yield lines.slice(at, at + 700);
  }
  return await indexEntries(chunks(), directory);
}

function linesOf(from: EntryIndex, wanted: Wanted): readonly string[] {
  return [...from.lines(wanted)].flat();
}

function isWanted(subject: string, raw: string, { paths, subjects }: { paths: string[]; subjects: string[] }): boolean {
  if (subject !== 'file') return subjects.includes(subject);
  return paths.some((path) => path === '/' || raw === path || raw.startsWith(`${path}/`));
}

function linkOf(fs: typeof import('node:fs'), fd: string): string {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}
