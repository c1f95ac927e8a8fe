import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type HostileCase, hostileCases } from './support/hostile-cases.ts';
import { hostileIngest } from './support/hostile-ingest.ts';

describe.each<[string, readonly HostileCase[]]>([
  ['trees', hostileCases],
  ['ingest', hostileIngest],
])('of fifty hostile cases against %s', (_, cases) => {
  it('each is another', () => {
    expect(new Set(cases.map(({ what }) => what)).size).toBe(50);
  });

  const numbered = cases.map((one, index) => ({ ...one, number: index + 1 }));
  it.for(numbered)('number $number is shown: $what', ({ shown: [file, title] }) => {
    const path = join(import.meta.dirname, file);

    expect(existsSync(path), file).toBe(true);
    // The first argument of `it`, or of what `it.each` gives.
    const titles = [...readFileSync(path, 'utf8').matchAll(/\(\s*'((?:[^'\\]|\\.)*)',/g)].map(([, found]) => found);
    expect(titles, file).toContain(title);
  });
});
