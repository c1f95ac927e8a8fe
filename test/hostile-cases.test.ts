import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostileCases } from './support/hostile-cases.ts';

describe('of fifty hostile cases', () => {
  it('each is another', () => {
    expect(new Set(hostileCases.map(({ what }) => what)).size).toBe(50);
  });

  const numbered = hostileCases.map((one, index) => ({ ...one, number: index + 1 }));
  it.for(numbered)('number $number is shown: $what', ({ shown: [file, title] }) => {
    const path = join(import.meta.dirname, file);

    expect(existsSync(path), file).toBe(true);
    // The first argument of `it`, or of what `it.each` gives.
    const titles = [...readFileSync(path, 'utf8').matchAll(/\(\s*'((?:[^'\\]|\\.)*)',/g)].map(([, found]) => found);
    expect(titles, file).toContain(title);
  });
});
