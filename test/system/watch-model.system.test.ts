import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensurePrograms } from '../../packaging/apt.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { isRoot, type Scratch, scratch } from '../support/scratch.ts';
import {
  drawOperations,
  type OperationName,
  operationNames,
  planted,
  printed,
} from '../support/watch-model/operations.ts';
import { type WatchedTree, type Watching, watchTree } from '../support/watch-model/watched-tree.ts';

/** For each watcher on each filesystem. */
const sequences = Math.ceil(Number(process.env['PRISTINE_TEST_SEQUENCES'] ?? 1_000) / 5);
const actorCount = 3;

/**
 * What the kernel tells nobody who watches this way: an overlay has closed a file before the last of its mappings, and
 * inotify, by way of libuv, tells of no close.
 */
const unheard: Readonly<Record<string, ReadonlySet<OperationName>>> = {
  'an overlay': new Set(['write-mapped-last']),
  inotify: new Set(['write-mapped', 'write-mapped-last']),
};

describe.skipIf(!isRoot)('what is known by hints alone (needs root)', { timeout: 30 * 60_000 }, () => {
  const seed = testSeed();
  let place: Scratch;
  let tree: WatchedTree | undefined;
  beforeAll(async () => {
    expect(await ensurePrograms({ 'mkfs.ext4': 'e2fsprogs' })).toBe(true);
    place = scratch();
  });
  afterEach(async () => {
    await tree?.close();
    tree = undefined;
  });
  afterAll(() => place?.remove());

  it.each<[Watching, string, (at: string) => void]>([
    ['fanotify', 'a disk', (at) => mountDisk(place, at)],
    ['fanotify', 'memory', (at) => place.mount(['-t', 'tmpfs', 'tmpfs'], at)],
    ['fanotify', 'an overlay', (at) => mountOverlay(place, at)],
    ['inotify', 'a disk', (at) => mountDisk(place, at)],
    ['inotify', 'memory', (at) => place.mount(['-t', 'tmpfs', 'tmpfs'], at)],
  ])(
    `is what a sweep finds, by %s of %s, after each of ${sequences} sequences of operations`,
    async (watching, on, mount) => {
      const root = join(place.dir, `${watching} ${on}`.replaceAll(' ', '-'));
      mount(root);
      const without = unheard[on] ?? unheard[watching] ?? new Set();
      tree = await watchTree(root, watching, actorCount);
      const done = new Map<string, number>();
      const counted = { operations: 0, hints: 0, sweeps: 0, findings: 0 };
      for (let sequence = 0; sequence < sequences; sequence++) {
        const random = seededRandom(seed + sequence);
        const orders = Array.from({ length: 1 + random.below(actorCount) }, () =>
          drawOperations(random, 5 + random.below(10), without),
        );
        // Some have more to say than is kept of it.
        tree.begin(random.pick(['patient', 'impatient', 'impatient']), random.below(8) === 0 ? 6 : undefined);

        const answers = await tree.act(orders);

        const known = tree.known();
        const truth = await tree.truth();
        const said = () =>
          [
            `sequence ${sequence} of seed ${seed}; sweeps: ${tree!.sweeps.join()}`,
            ...orders.map(
              (order, index) => `process ${index}: ${answers[index]!.done.map((at) => printed(order[at]!)).join('; ')}`,
            ),
            `hints: ${tree!.hints.map(({ name, isWritten }) => (isWritten ? name : `(${name})`)).join(' ')}`,
          ].join('\n');
        if (JSON.stringify(known) !== JSON.stringify(truth)) console.log(said());
        expect(known, said()).toEqual(truth);
        for (const [index, { done: places }] of answers.entries()) {
          for (const at of places) count(done, orders[index]![at]!.do);
          counted.operations += places.length;
        }
        counted.hints += tree.hints.length;
        counted.sweeps += tree.sweeps.length;
        counted.findings += truth.length;
        await tree.act([[{ do: 'renew', tree: planted }]]);
        expect(tree.known(), `as new again after ${said()}`).toEqual([]);
      }
      console.log(`${watching} of ${on}:`, counted, Object.fromEntries(done));
      expect(operationNames.filter((name) => !done.has(name) && !without.has(name))).toEqual([]);
      expect(counted.findings).toBeGreaterThan(sequences);
      expect(counted.sweeps).toBeGreaterThan(0);
      expect(counted.sweeps).toBeLessThan(sequences / 2);
    },
  );

  it('is what a sweep finds where the kernel had no room for what happened, as that is noticed', async () => {
    const root = join(place.dir, 'overflow');
    place.mount(['-t', 'tmpfs', 'tmpfs'], root);
    tree = await watchTree(root, 'fanotify', 1);
    tree.begin();

    // Nobody reads meanwhile: this holds our own thread.
    const made = `mkdir ${root}/many; cd ${root}/many; i=0; while [ $i -lt 20000 ]; do : > $i; i=$((i+1)); done; rm *[1-9]`;
    await tree.act([[]], () => execFileSync('sh', ['-ec', made]));

    expect(tree.sweeps.length).toBeGreaterThan(0);
    expect(tree.known()).toEqual(await tree.truth());
    expect(tree.known().length).toBeGreaterThan(2_000);
  });
});

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function mountDisk(place: Scratch, at: string): void {
  const image = `${at}.disk`;
  execFileSync('truncate', ['-s', '64M', image]);
  execFileSync('mkfs.ext4', ['-q', '-N', '65536', image]);
  place.mount(['-o', 'loop', image], at);
  execFileSync('rmdir', [join(at, 'lost+found')]);
}

function mountOverlay(place: Scratch, at: string): void {
  const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => place.folder(`overlay.${name}`));
  const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work},index=on,nfs_export=on`;
  place.mount(['-t', 'overlay', '-o', layers, 'overlay'], at);
}
