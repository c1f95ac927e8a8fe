import { chmodSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lookAgain } from '../../../agent/check/look-again.ts';
import { openStampFile, type StampFile } from '../../../agent/check/stamp-file.ts';
import { writeStamp } from '../../../agent/collect/stamp.ts';
import { openRoot } from '../../../agent/collect/system-path.ts';
import { newStat, statIn } from '../../../agent/host/stat.ts';
import { aBakery, type Bakery } from '../../support/baked.ts';

let bakery: Bakery;
const at = (name: string) => join(bakery.root, name);
const stampsFile = () => join(bakery.dir, 'stamps');
beforeEach(async () => {
  bakery = aBakery((root) => {
    for (const name of ['a', 'b', 'c']) writeFileSync(join(root, name), name);
    writeFileSync(join(root, 'su'), '#!', { mode: 0o755 });
    chmodSync(join(root, 'su'), 0o4755);
    mkdirSync(join(root, 'dir/inner'), { recursive: true });
    writeFileSync(join(root, 'dir/inner/x'), 'x');
  });
  await bakery.bake();
  await bakery.verify(undefined, stampsFile());
});
afterEach(() => bakery.close());

interface Options {
  readonly random?: () => number;
  readonly pause?: (bytes: number) => Promise<void>;
  readonly records?: (file: StampFile) => StampFile['records'];
}

/** By no lot, unless told. */
async function look(options: Options = {}) {
  const { random = () => 1, pause = async () => undefined, records = (file) => file.records } = options;
  const root = openRoot(bakery.root, { labels: false });
  const file = openStampFile(stampsFile());
  try {
    return await lookAgain({
      ...{ root, stamps: { records: records(file) }, random, pause, bytesMax: 1_048_576 },
      leavesOut: (path) => path === '/left-out',
      saysByNames: (directory) => directory === '/dir',
    });
  } finally {
    file.close();
    root.close();
  }
}

const changedIn = (looked: Awaited<ReturnType<typeof look>>) => [...looked!.changed].sort();

describe('looking again', () => {
  it('reads what is privileged, and nothing else that has not changed', async () => {
    const looked = await look();

    expect(changedIn(looked)).toEqual([]);
    expect([looked!.tally.filesHashed, looked!.filesUnchanged]).toEqual([1, 4]);
  });

  it('reads one file in twenty by lot', async () => {
    expect((await look({ random: () => 0.049 }))!.tally.filesHashed).toBe(5);
    expect((await look({ random: () => 0.05 }))!.tally.filesHashed).toBe(1);
  });

  it('finds by lot a file whose stamp was forged', async () => {
    writeFileSync(at('a'), 'A');
    const now = newStat();
    statIn(openRoot(bakery.root, { labels: false }).fd, 'a', now);
    const forged = (file: StampFile) =>
      function* () {
        for (const record of file.records()) {
          if (record.path.toString('latin1', 0, record.length) === '/a') writeStamp(now, record.stamp);
          yield record;
        }
      };

    // The digest that tells of the forgery in the file itself comes last.
    await expect(look({ records: forged, random: () => 0 })).resolves.toMatchObject({ changed: new Set(['/a']) });
    await expect(look({ records: forged })).resolves.toMatchObject({ changed: new Set() });
  });

  it('reads what was touched, and is content where it is as it was baked', async () => {
    const { atime } = statSync(at('a'));
    utimesSync(at('a'), atime, 1);
    chmodSync(at('b'), 0o600);
    chmodSync(at('b'), 0o644);

    const looked = await look();
    expect(changedIn(looked)).toEqual([]);
    expect(looked!.tally.filesHashed).toBe(3);
  });

  it('names what is new or gone, and not what was there', async () => {
    writeFileSync(at('dir/new'), '');
    writeFileSync(at('new'), '');
    writeFileSync(at('left-out'), '');
    rmSync(at('b'));

    expect(changedIn(await look())).toEqual(['/b', '/dir/new', '/new']);
  });

  it.each([
    ['a link to it', () => symlinkSync('elsewhere', at('dir'))],
    ['a file', () => writeFileSync(at('dir'), '')],
    ['nothing', () => undefined],
  ])('names all of a directory that gave place to %s', async (_what, put) => {
    renameSync(at('dir'), at('elsewhere'));
    put();

    expect(changedIn(await look())).toEqual(['/dir', '/dir/inner', '/dir/inner/x', '/elsewhere']);
  });

  it('names what another directory of the same look hides', async () => {
    renameSync(at('dir/inner'), join(bakery.dir, 'inner'));
    mkdirSync(at('dir/inner'));
    writeFileSync(at('dir/inner/x'), 'X');

    expect(changedIn(await look())).toEqual(['/dir/inner/x']);
  });

  it('reads no more than it may of what seems to have changed, or is privileged', async () => {
    const touched = Buffer.alloc(600_000, 'x');
    for (const name of ['a', 'su']) writeFileSync(at(name), touched);
    await bakery.verify(undefined, stampsFile());

    expect((await look())!.tally.bytesHashed).toBe(600_000);
    utimesSync(at('a'), 1, 1);
    expect(await look()).toBe(undefined);
    writeFileSync(at('a'), 'shorter');
    expect(changedIn(await look())).toEqual(['/a']);
  });

  it('lets others work, and stops for whoever wants it to', async () => {
    let paused = 0;
    const many = (file: StampFile) =>
      function* () {
        for (let round = 0; round < 200; round++) yield* file.records();
      };
    await look({ records: many, pause: async () => void paused++ });
    expect(paused).toBe(Math.floor((200 * 8) / 512));

    const stop = async () => Promise.reject(new Error('stopped'));
    await expect(look({ records: many, pause: stop })).rejects.toThrow('stopped');
  });

  it.each([4_095, 4_096, 4_097])('is enough for up to 4,096 changes, and %i are', async (changes) => {
    for (let index = 0; index < changes; index++) writeFileSync(at(`dir/${index}`), '');

    expect((await look())?.changed.size).toBe(changes > 4_096 ? undefined : changes);
  });
});
