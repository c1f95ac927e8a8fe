import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { files } from '../support/manifest-oracle.ts';
import { bakeSigned, verify } from '../support/pristine-cli.ts';
import { type Random, seededRandom, testSeed } from '../support/random.ts';
import { aWorkbench } from '../support/workbench.ts';

const roundsEach = Number(process.env['PRISTINE_FLIPS'] ?? 40);

describe('a flipped byte anywhere in the manifest', { timeout: 600_000 }, () => {
  const { place, keys } = aWorkbench();
  let root: string;
  let good: string;
  let scratchCopy: string;

  beforeAll(async () => {
    root = place.folder('root');
    mkdirSync(join(root, 'etc'));
    for (let index = 0; index < 50; index += 1) writeFileSync(join(root, 'etc', `file-${index}`), `${index}`);
    symlinkSync('file-1', join(root, 'etc/link'));
    good = join(place.dir, 'good');
    scratchCopy = join(place.dir, 'copy');
    writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
    await bakeSigned({ root, out: good, key: keys.key });
    cpSync(good, scratchCopy, { recursive: true });
  }, 60_000);

  it.each(Object.values(files))('of %s makes it unverifiable', async (file) => {
    const random = seededRandom(testSeed());
    const bytes = readFileSync(join(good, file));
    const survivors: string[] = [];

    for (const { at, bit } of [...structuralFlips(bytes, file), ...randomFlips(bytes.length, random)]) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << bit;
      writeFileSync(join(scratchCopy, file), flipped);
      const { code, report } = await verify({ root, manifest: scratchCopy, pub: keys.pub });
      if (code !== 3 || report.findings.length > 0) survivors.push(`byte ${at} bit ${bit}: exit ${code}`);
    }

    writeFileSync(join(scratchCopy, file), bytes);
    expect(survivors).toEqual([]);
    expect((await verify({ root, manifest: scratchCopy, pub: keys.pub })).code).toBe(0);
  });

  it('of a text makes it unverifiable', async () => {
    const file = join(scratchCopy, 'blobs/sha256', readdirSync(join(good, 'blobs/sha256'))[0]!);
    const bytes = readFileSync(file);
    const random = seededRandom(testSeed());

    for (const { at, bit } of randomFlips(bytes.length, random).slice(0, 8)) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << bit;
      writeFileSync(file, flipped);
      expect((await verify({ root, manifest: scratchCopy, pub: keys.pub })).code).toBe(3);
    }

    writeFileSync(file, bytes);
    expect((await verify({ root, manifest: scratchCopy, pub: keys.pub })).code).toBe(0);
  });

  it.each(Object.values(files))('missing from the end of %s makes it unverifiable', async (file) => {
    const bytes = readFileSync(join(good, file));
    const survivors: string[] = [];

    for (const length of [0, 1, 4, bytes.length >> 1, bytes.length - 5, bytes.length - 2, bytes.length - 1]) {
      writeFileSync(join(scratchCopy, file), bytes.subarray(0, length));
      const { code, report } = await verify({ root, manifest: scratchCopy, pub: keys.pub });
      if (code !== 3 || report.findings.length > 0) survivors.push(`${length} of ${bytes.length}: exit ${code}`);
    }

    writeFileSync(join(scratchCopy, file), bytes);
    expect(survivors).toEqual([]);
  });
});

interface Flip {
  readonly at: number;
  readonly bit: number;
}

/** Where a change is least likely to be noticed: frame header and checksum of zstd, and the ends and names of the JSON. */
function structuralFlips(bytes: Buffer, file: string): Flip[] {
  if (file === files.entries) {
    const header = Array.from({ length: 8 * 8 }, (_, index) => ({ at: index >> 3, bit: index & 7 }));
    const middle = Array.from({ length: 24 }, (_, at) => ({ at: 8 + at, bit: 7 }));
    return [...header, ...middle, ...Array.from({ length: 5 }, (_, at) => ({ at: bytes.length - 1 - at, bit: 0 }))];
  }
  const text = bytes.toString('latin1');
  const places = ['"payload"', '"payloadType"', '"signatures"', '"keyid"', '"sig"'].map((key) => text.indexOf(key) + 1);
  const keyid = text.indexOf('sha256:');
  const payloadEnd = text.indexOf('"', text.indexOf('"payload":') + '"payload":"'.length + 10) - 1;
  const sigEnd = text.lastIndexOf('"') - 3;
  return [
    ...places,
    keyid,
    keyid + 20,
    payloadEnd,
    payloadEnd - 1,
    payloadEnd - 2,
    sigEnd,
    sigEnd + 1,
    bytes.length - 1,
  ]
    .filter((at) => at >= 0)
    .flatMap((at) => [0, 1, 5].map((bit) => ({ at, bit })));
}

function randomFlips(length: number, random: Random): Flip[] {
  return Array.from({ length: roundsEach }, () => ({ at: random.below(length), bit: random.below(8) }));
}
