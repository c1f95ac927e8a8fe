import fc from 'fast-check';
import { expect, it } from 'vitest';
import { layOver } from '../../../agent/check/lay-over.ts';
import type { Entry } from '../../../shared/entry.ts';
import { compareEntries, writeEntryLine } from '../../../shared/entry-line.ts';
import { encodeName } from '../../../shared/name.ts';
import { aFile, aPackage } from '../../support/entries.ts';

async function* pieces(lines: readonly string[], size: number): AsyncGenerator<string[]> {
  for (let at = 0; at < lines.length; at += size) yield lines.slice(at, at + size);
}

const name = fc
  .uint8Array({ minLength: 1, maxLength: 4 })
  .map((bytes) => encodeName(Buffer.from([0x2f, ...bytes.map((byte) => (byte === 0x2f ? 0x30 : byte))])));
const manifest = (size: string) =>
  fc
    .uniqueArray(fc.tuple(fc.boolean(), name), { selector: ([isFile, one]) => `${isFile} ${one}`, maxLength: 30 })
    .map((all) =>
      all.map(
        ([isFile, one]): Entry =>
          isFile ? aFile({ name: one, size }) : aPackage({ name: one.slice(1), version: size }),
      ),
    );

/** By hand: a map, and then the order of a manifest. */
function expected(layers: readonly (readonly Entry[])[]): string[] {
  const byKey = new Map(layers.flat().map((entry) => [`${entry.subject} ${entry.name}`, entry]));
  return [...byKey.values()].sort(compareEntries).map(writeEntryLine);
}

it('is one manifest in order, in which the last one that has a subject counts', async () => {
  await fc.assert(
    fc.asyncProperty(manifest('1'), manifest('2'), manifest('3'), fc.integer({ min: 1, max: 7 }), async (...given) => {
      const [base, second, third, size] = given;
      const lines = (entries: readonly Entry[]) => pieces(entries.toSorted(compareEntries).map(writeEntryLine), size);

      const merged: string[] = [];
      for await (const some of layOver(layOver(lines(base), lines(second)), lines(third))) merged.push(...some);

      expect(merged).toEqual(expected([base, second, third]));
    }),
    { numRuns: 300 },
  );
});
