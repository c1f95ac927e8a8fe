import { describe, expect, it } from 'vitest';
import { compareFacts, compareFiles } from '../../../agent/check/compare-streams.ts';
import { openCursor } from '../../../agent/check/entry-cursor.ts';
import type { Judge } from '../../../agent/check/judge.ts';
import type { Entry } from '../../../shared/entry.ts';
import { writeEntryLine } from '../../../shared/entry-line.ts';
import { rawOf } from '../../../shared/name.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { aFile, aPackage, contentB } from '../../support/entries.ts';

async function* pieces(lines: readonly string[], size: number): AsyncGenerator<string[]> {
  for (let at = 0; at < lines.length; at += size) yield lines.slice(at, at + size);
}

async function* observed(entries: readonly Entry[], size: number) {
  for (let at = 0; at < entries.length; at += size) {
    const some = entries.slice(at, at + size);
    yield { paths: some.map(({ name }) => rawOf(name)!), observations: some.map(writeEntryLine) };
  }
}

/** What a judge is told, as `-name`, `+name` and `name`. */
async function merge(baked: readonly string[], files: readonly Entry[], packages: ReturnType<typeof aPackage>[] = []) {
  const told: string[] = [];
  const judge: Judge = {
    same: () => undefined,
    missing: ({ name }) => told.push(`-${name}`),
    found: (expected, now) => {
      if (expected === undefined) told.push(`+${now.name}`);
      else if (writeEntryLine(expected) !== writeEntryLine(now)) told.push(now.name);
    },
    unseen: (name: string) => told.push(`?${name}`),
    finish: () => [],
  };
  const cursor = openCursor(pieces(baked, 2));
  const looked = await compareFiles(cursor, observed(files, 3), judge);
  return { told, looked: looked + (await compareFacts(cursor, packages, judge)) };
}

const files = ['/a', '/b', '/c', '/d', '/e'].map((name) => aFile({ name }));
const [a, b, c, d, e] = files as [Entry, Entry, Entry, Entry, Entry];
const lines = (entries: readonly Entry[]) => entries.map(writeEntryLine);

describe('the merge of two streams', () => {
  it('tells nothing of equal lines', async () => {
    expect(await merge(lines([...files, aPackage()]), files, [aPackage()])).toEqual({ told: [], looked: 6 });
  });

  it('tells each difference once, at either end and at the seams of the pieces', async () => {
    const changed = aFile({ name: '/c', content: contentB });

    expect((await merge(lines([a, b, c, d, e]), [b, changed, e])).told).toEqual(['-/a', '/c', '-/d']);
    expect((await merge(lines([c]), [a, b, c, d, e])).told).toEqual(['+/a', '+/b', '+/d', '+/e']);
    expect((await merge(lines([a, b]), [])).told).toEqual(['-/a', '-/b']);
    expect((await merge([], [a, b])).told).toEqual(['+/a', '+/b']);
  });

  it('keeps packages apart from files', async () => {
    const [one, two] = [aPackage(), aPackage({ name: 'zlib1g:amd64' })];

    expect((await merge(lines([a, one]), [a, b], [two])).told).toEqual(['+/b', `-${one.name}`, `+${two.name}`]);
  });

  it.each([
    ['twice', lines([a, a, b])],
    ['twice, changed', lines([a, aFile({ name: '/a', content: contentB }), b])],
    ['out of order', lines([b, a])],
    ['out of order at the end', lines([a, b, e, d])],
    ['files after packages', lines([a, b, aPackage(), c])],
    ['in no canonical form', [...lines([a]), '{ }']],
    ['empty', ['', ...lines([a])]],
  ])('refuses entries that are %s, wherever the differences are', async (_what, baked) => {
    for (const present of [[], [a], [a, b], [b], files]) {
      expect(await codeOfAsync(() => merge(baked, present, [aPackage()]))).toBe('ENTRIES');
    }
  });
});
