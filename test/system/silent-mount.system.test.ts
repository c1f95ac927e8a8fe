import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bake, brief, type Keys, keygen, verify } from '../support/pristine-cli.ts';
import { afterMounting, isRoot, quoted, type Scratch, scratch } from '../support/scratch.ts';
import { aBakedTree, hole } from '../support/small-tree.ts';

/** A FUSE filesystem whose program reads no request: whoever touches it waits until the descriptor is closed. */
const silentFuse = (path: string) =>
  `exec 7<>/dev/fuse; mount -i -t fuse -o fd=7,rootmode=40000,user_id=0,group_id=0 silent ${quoted(path)}`;

describe.skipIf(!isRoot)('a filesystem that never answers (needs root)', { timeout: 300_000 }, () => {
  let place: Scratch;
  let keys: Keys;
  beforeAll(async () => {
    place = scratch();
    keys = await keygen(join(place.dir, 'k'));
  });
  afterAll(() => place?.remove());

  it('is a hole, and all else is measured', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    const before = afterMounting(`${silentFuse(join(root, 'opt/app/lib'))}; printf x >>${quoted(join(root, 'plain'))}`);

    const { code, report } = await verify({ root, manifest, pub: keys.pub, before });

    expect(report.coverage.holes).toEqual([hole('/opt/app/lib', 'no-answer')]);
    expect(report.coverage.mounts).toEqual([]);
    expect(brief(report)).toEqual(['modified file /plain [content,size] medium']);
    expect(code).toBe(1);
  });

  it('where configuration is kept makes a hole of what may be said there', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    mkdirSync(join(root, 'etc'));
    const before = afterMounting(silentFuse(join(root, 'etc')));

    const { code, report } = await verify({ root, manifest, pub: keys.pub, before });

    expect(report.coverage.holes).toContainEqual(hole('/etc', 'no-answer'));
    expect(report.coverage.holes.map(({ subject }) => subject)).toContain('user');
    expect(code).toBe(3);
  });

  it('is never baked', async () => {
    const { root } = await aBakedTree(place, keys);
    const before = afterMounting(silentFuse(join(root, 'opt/app')));

    const { code, stderr } = await bake({ root, out: join(place.dir, 'not-this'), before });

    expect([code, /no-answer/.test(stderr)]).toEqual([3, true]);
  });
});
