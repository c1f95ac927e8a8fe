import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { debianRoot } from '../support/debian-root.ts';
import { makeDeep } from '../support/hostile-tree.ts';
import { bake, bakeSigned, brief, verify } from '../support/pristine-cli.ts';
import { isRoot } from '../support/scratch.ts';
import { aBakedTree, hole } from '../support/small-tree.ts';
import { aWorkbench } from '../support/workbench.ts';

// Those of `support/hostile-cases.ts` that no other file has.
describe('among hostile cases', { timeout: 300_000 }, () => {
  const { place, keys } = aWorkbench();

  const asRoot = it.skipIf(!isRoot);

  it('a sparse file of 10 TB is not read: its size is compared, its content is a hole', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    truncateSync(join(root, 'opt/app/a'), 10 * 2 ** 40);
    writeFileSync(join(root, 'new'), '');
    truncateSync(join(root, 'new'), 10 * 2 ** 40);

    const { code, report } = await verify({ root, manifest, pub: keys.pub });
    const baked = await bake({ root, out: join(place.dir, 'not-sparse'), key: keys.key });

    expect(report.coverage.holes).toEqual([hole('/new', 'too-large'), hole('/opt/app/a', 'too-large')]);
    expect(brief(report)).toContain('modified file /opt/app/a [size] medium');
    expect([code, baked.code]).toEqual([1, 3]);
  });

  it('a hard link of a setuid program is a critical finding at its new name', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    chmodSync(join(root, 'opt/app/a'), 0o4755);
    await bakeSigned({ root, out: manifest, key: keys.key });
    mkdirSync(join(root, 'tmp'));
    linkSync(join(root, 'opt/app/a'), join(root, 'tmp/kept'));

    const { report } = await verify({ root, manifest, pub: keys.pub });

    expect(brief(report).filter((line) => line.includes('critical'))).toEqual([
      'added file /tmp/kept [content,gid,mode,size,type,uid] critical',
    ]);
  });

  it('ten thousand directories in each other are a hole below the thousandth, and all else is measured', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    makeDeep(join(root, 'deep'), 10_000, 'd');
    appendFileSync(join(root, 'plain'), 'x');

    const { code, report } = await verify({ root, manifest, pub: keys.pub });
    const baked = await bake({ root, out: join(place.dir, 'not-deep'), key: keys.key });

    expect(report.coverage.holes).toEqual([hole(`/deep${'/d'.repeat(1_023)}`, 'too-deep')]);
    expect(report.findings.length).toBeGreaterThan(1_000);
    expect(brief(report)).toContain('modified file /plain [content,size] medium');
    expect([code, baked.code]).toEqual([1, 3]);
  });

  // Five million would need five gigabytes of memory for the tree itself; the bound is crossed at one.
  asRoot('a directory of more than a million names is a hole in bounded memory, and all else is measured', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    const wide = join(root, 'wide');
    place.mount(['-t', 'tmpfs', '-o', 'nr_inodes=0,size=2G', 'tmpfs'], wide);
    const program = `const fs = require('fs'); const [dir] = process.argv.slice(1); fs.writeFileSync(dir + '/f', '');
      for (let n = 0; n < 1000001; n++) fs.linkSync(dir + '/f', dir + '/' + n);`;
    execFileSync(process.execPath, ['-e', program, wide]);
    appendFileSync(join(root, 'plain'), 'x');

    const { code, report, run } = await verify({ root, manifest, pub: keys.pub });

    place.unmount(wide);
    expect(report.coverage.holes).toEqual([hole('/wide', 'too-many')]);
    expect(brief(report)).toEqual([
      'added file /wide [gid,mode,type,uid] medium',
      'modified file /plain [content,size] medium',
    ]);
    expect(code).toBe(1);
    expect(run.peakRssKb).toBeLessThan(700_000);
  });

  asRoot(
    'a disk that fails in the middle of a file makes a hole of it, and its attributes are still compared',
    async () => {
      const image = join(place.dir, 'failing.img');
      const root = join(place.dir, 'failing');
      execFileSync('truncate', ['-s', '64M', image]);
      execFileSync('mkfs.ext4', ['-q', '-O', '^has_journal', image]);
      place.mount(['-o', 'loop', image], root);
      writeFileSync(join(root, 'large'), Buffer.alloc(40_000_000, 'x'));
      writeFileSync(join(root, 'small'), 'x');
      const manifest = join(place.dir, 'failing-manifest');
      await bakeSigned({ root, out: manifest, key: keys.key });
      place.unmount(root);
      place.mount(['-o', 'loop', image], root);
      chmodSync(join(root, 'large'), 0o600);
      // What lies behind the end of the file beneath the loop device cannot be read any more.
      truncateSync(image, 24_000_000);

      const { code, report } = await verify({ root, manifest, pub: keys.pub });

      place.unmount(root);
      expect(report.coverage.holes).toEqual([hole('/large', 'io-error')]);
      expect(brief(report)).toEqual(['modified file /large [mode] medium']);
      expect(code).toBe(1);
    },
  );

  asRoot('a database of packages that was mended to fit counts for nothing', async () => {
    const root = place.overlay(debianRoot(), 'mended');
    const manifest = join(place.dir, 'mended-manifest');
    await bakeSigned({ root, out: manifest, key: keys.key });
    const sums = join(root, 'var/lib/dpkg/info/coreutils.md5sums');
    copyFileSync(join(root, 'usr/bin/env'), join(root, 'usr/bin/env.new'));
    execFileSync('mv', [join(root, 'usr/bin/env.new'), join(root, 'usr/bin/env')]);
    appendFileSync(join(root, 'usr/bin/env'), 'evil');
    const sum = execFileSync('md5sum', [join(root, 'usr/bin/env')], { encoding: 'utf8' }).slice(0, 32);
    writeFileSync(sums, readFileSync(sums, 'utf8').replace(/^.*(?= {2}usr\/bin\/env$)/m, sum));

    const dpkg = spawnSync('dpkg', [`--root=${root}`, '--verify', 'coreutils'], { encoding: 'utf8' });
    const { code, report } = await verify({ root, manifest, pub: keys.pub });

    expect([dpkg.status, dpkg.stdout]).toEqual([0, '']);
    expect(brief(report)).toEqual([
      'modified file /usr/bin/env [content,size] medium',
      'modified file /var/lib/dpkg/info/coreutils.md5sums [content] medium',
    ]);
    expect(code).toBe(1);
  });
});
