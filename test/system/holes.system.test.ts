import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { debianRoot } from '../support/debian-root.ts';
import { makeDeep } from '../support/hostile-tree.ts';
import { bake, bakeSigned, brief, verify } from '../support/pristine-cli.ts';
import { isRoot, withoutDac } from '../support/scratch.ts';
import { aBakedTree, hole } from '../support/small-tree.ts';
import { everyPath } from '../support/tree-oracle.ts';
import { aWorkbench } from '../support/workbench.ts';

// What could not be measured is a hole with its reason: exit 3, never clean and never drift.
describe('where permissions or path lengths end', { timeout: 300_000 }, () => {
  const { place, keys } = aWorkbench();

  // As root the rights to pass over permissions are dropped first; anybody else has none.
  const before: readonly string[] = isRoot ? withoutDac : [];

  it('an unreadable file is a hole, and its attributes are still compared', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    chmodSync(join(root, 'opt/app/a'), 0);

    const drifted = await verify({ root, manifest, pub: keys.pub, before });
    const tolerated = await verify({ root, manifest, pub: keys.pub, before, failOn: 'high' });

    expect(drifted.report.coverage.holes).toEqual([hole('/opt/app/a', 'unreadable')]);
    expect(brief(drifted.report)).toEqual(['modified file /opt/app/a [mode] medium']);
    expect([drifted.code, tolerated.code]).toEqual([1, 3]);
  });

  it('an unreadable file of the baked mode makes it unverifiable', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    const closed = join(root, 'opt/app/a');
    if (isRoot) chmodSync(closed, 0);
    else return expect((await verify({ root, manifest, pub: keys.pub })).code).toBe(0);
    await bakeSigned({ root, out: manifest, key: keys.key });

    const { code, report } = await verify({ root, manifest, pub: keys.pub, before });

    expect(report.coverage.holes).toEqual([hole('/opt/app/a', 'unreadable')]);
    expect(report.findings).toEqual([]);
    expect(report.verdict).toBe('unverifiable');
    expect(code).toBe(3);
  });

  it('an unreadable directory hides what is beneath: nothing there is called removed', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    chmodSync(join(root, 'opt/app'), 0);

    const { code, report } = await verify({ root, manifest, pub: keys.pub, before });

    expect(report.coverage.holes).toEqual([hole('/opt/app', 'unreadable')]);
    expect(brief(report)).toEqual(['modified file /opt/app [mode] medium']);
    expect(code).toBe(1);
  });

  it('a directory that can be listed and not entered hides what is beneath', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    chmodSync(join(root, 'opt/app'), 0o644);

    const { report } = await verify({ root, manifest, pub: keys.pub, before });

    expect(brief(report)).toEqual(['modified file /opt/app [mode] medium']);
    const holes = report.coverage.holes.map(({ name }) => name);
    for (const name of ['/opt/app/a', '/opt/app/b', '/opt/app/lib', '/opt/app/lib/c']) {
      expect(
        holes.some((covering) => name === covering || name.startsWith(`${covering}/`)),
        name,
      ).toBe(true);
    }
  });

  it('drift elsewhere outranks a hole, which stays visible', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    chmodSync(join(root, 'opt/app/lib'), 0);
    appendFileSync(join(root, 'plain'), 'x');

    const { code, report } = await verify({ root, manifest, pub: keys.pub, before });

    expect(code).toBe(1);
    expect(report.coverage.holes).toEqual([hole('/opt/app/lib', 'unreadable')]);
    expect(brief(report)).toContain('modified file /plain [content,size] medium');
  });

  it('a bake writes nothing and leaves the manifest that is there', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    const kept = readFileSync(join(manifest, 'manifest.dsse.json'));
    const fresh = join(place.dir, 'never-written');
    chmodSync(join(root, 'opt/app/a'), 0);

    const overOld = await bake({ root, out: manifest, key: keys.key, before, version: '2' });
    const intoNew = await bake({ root, out: fresh, key: keys.key, before });

    expect([overOld.code, intoNew.code]).toEqual([3, 3]);
    expect(readFileSync(join(manifest, 'manifest.dsse.json')).equals(kept)).toBe(true);
    expect(existsSync(fresh)).toBe(false);
  });

  it.skipIf(!isRoot)(
    'a Debian seen without DAC capabilities has exactly the holes that find has (needs root)',
    async () => {
      const debian = debianRoot();
      const manifest = join(place.dir, 'debian-manifest');
      await bakeSigned({ root: debian, out: manifest, key: keys.key });
      const closed = execFileSync(
        withoutDac[0],
        [
          ...withoutDac.slice(1),
          'sh',
          '-c',
          'find . \\( -type f -o -type d \\) ! -readable -printf "/%P\\n" 2>/dev/null || :',
        ],
        { cwd: debian, encoding: 'utf8' },
      );

      const { code, report } = await verify({ root: debian, manifest, pub: keys.pub, before: withoutDac });

      const expected = closed.split('\n').filter((name) => name !== '');
      expect(report.coverage.holes).toEqual(expected.toSorted().map((name) => hole(name, 'unreadable')));
      expect(report.findings).toEqual([]);
      expect(code).toBe(expected.length > 0 ? 3 : 0);
    },
  );

  it('directories deeper than PATH_MAX are reported as far as they go, with a hole where it ends', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    makeDeep(join(root, 'deep'), 100, 'n'.repeat(100));

    const { code, report } = await verify({ root, manifest, pub: keys.pub });
    const baked = await bake({ root, out: join(place.dir, 'deep-manifest'), key: keys.key });

    expect(code).toBe(1);
    const reported = new Set(report.findings.map(({ name }) => name));
    const missing = everyPath(root).filter((name) => name.startsWith('/deep') && !reported.has(name));
    const holes = report.coverage.holes.filter(({ reason }) => reason === 'too-deep').map(({ name }) => name);
    const unexplained = missing.filter((name) => !holes.some((at) => name === at || name.startsWith(`${at}/`)));
    expect(unexplained).toEqual([]);
    expect(reported.has(`/deep${`/${'n'.repeat(100)}`.repeat(30)}`)).toBe(true);
    expect(baked.code).toBe(missing.length > 0 ? 3 : 0);
    expect(existsSync(join(place.dir, 'deep-manifest'))).toBe(missing.length === 0);
  });
});
