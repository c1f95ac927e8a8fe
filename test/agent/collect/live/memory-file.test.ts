import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { digestOfMemory } from '../../../../agent/collect/live/memory-file.ts';
import { digestOf } from '../../../../shared/digest.ts';
import { scratch } from '../../../support/scratch.ts';

const place = scratch();
afterAll(() => place.remove());

it('digests a program that runs from memory, up to a size, and knows when it has ended', () => {
  const file = join(place.dir, 'program');
  writeFileSync(file, 'program');

  expect(digestOfMemory(file)).toBe(digestOf('program'));
  truncateSync(file, 65 * 1_048_576);
  expect(digestOfMemory(file)).toBe('unknown');
  expect(digestOfMemory(join(place.dir, 'gone'))).toBeUndefined();
});
