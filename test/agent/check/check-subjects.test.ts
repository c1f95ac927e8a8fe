import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createChecker } from '../../../agent/check/check-subjects.ts';
import { type Manifest, openManifest } from '../../../agent/check/open-manifest.ts';
import { systemClock } from '../../../shared/clock.ts';
import { aBakery, type Bakery, told } from '../../support/baked.ts';

const status = (version: string) =>
  `Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`;

describe('a check of some names', () => {
  let bakery: Bakery;
  let manifest: Manifest;
  beforeEach(async () => {
    bakery = aBakery((root) => {
      mkdirSync(join(root, 'etc/d/e'), { recursive: true });
      mkdirSync(join(root, 'var/lib/dpkg'), { recursive: true });
      writeFileSync(join(root, 'var/lib/dpkg/status'), status('1'));
      for (const name of ['etc/a', 'etc/d/b', 'etc/d/e/c']) writeFileSync(join(root, name), name, { mode: 0o644 });
    });
    await bakery.bake({ rules: [{ match: '/etc/d/ignored/**', as: 'ignored', reason: 'r' }] });
    manifest = openManifest(bakery.manifest, [bakery.pub]);
  });
  afterEach(async () => {
    manifest.close();
    await bakery.close();
  });
  const at = (name: string) => join(bakery.root, name);
  const check = (names: string[], pathsMax = 100) =>
    createChecker({ manifest: () => manifest, root: bakery.root, clock: systemClock, pathsMax }).check(names);

  it('finds what a sweep finds, of these names and what is beneath', async () => {
    writeFileSync(at('etc/a'), 'changed');
    chmodSync(at('etc/d/b'), 0o600);
    rmSync(at('etc/d/e'), { recursive: true });
    writeFileSync(at('etc/d/new'), '');

    const checked = await check(['/etc/d']);
    const swept = await bakery.verify();

    expect(checked?.findings).toEqual(swept.findings.filter(({ name }) => name.startsWith('/etc/d')));
    expect(checked?.findings).toHaveLength(4);
    expect(checked?.looked).toEqual([{ subject: 'file', name: '/etc/d' }]);
    expect((await check(['/etc/a']))?.findings.map(({ name }) => name)).toEqual(['/etc/a']);
  });

  it('finds nothing where all is as it was, and looks once at what is named twice', async () => {
    const checked = await check(['/etc/d/e/c', '/etc/d', '/etc/d/b']);

    expect(checked?.findings).toEqual([]);
    expect(checked?.looked).toEqual([{ subject: 'file', name: '/etc/d' }]);
    expect(checked?.coverage.checked).toBe(4);
  });

  it('sees a directory that became a link as that, and does not look through it', async () => {
    renameSync(at('etc/d'), at('elsewhere'));
    symlinkSync('../elsewhere', at('etc/d'));

    const checked = await check(['/etc/d/e/c']);

    expect(checked?.looked).toEqual([{ subject: 'file', name: '/etc/d' }]);
    expect(told(checked!).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'modified /etc/d',
      'removed /etc/d/b',
      'removed /etc/d/e',
      'removed /etc/d/e/c',
    ]);
  });

  it('looks at the packages when their database is looked at', async () => {
    writeFileSync(at('var/lib/dpkg/status'), status('2'));

    const checked = await check(['/var/lib/dpkg/status']);

    expect(told(checked!)).toEqual(['modified /var/lib/dpkg/status content', 'modified bash:amd64 purl,version']);
    expect(checked?.looked.map(({ subject }) => subject)).toEqual(['file', 'package']);
    expect((await check(['/opt']))?.looked.map(({ subject }) => subject)).toEqual(['file']);
  });

  it('does not look at what is ignored', async () => {
    mkdirSync(at('etc/d/ignored/x'), { recursive: true });

    const checked = await check(['/etc/d/ignored/x']);

    expect(checked?.findings).toEqual([]);
  });

  it('asks for a sweep when there is too much, or the entries are not what they were', async () => {
    expect(await check(['/etc'], 3)).toBeUndefined();
    rmSync(at('etc/d'), { recursive: true });
    expect(await check(['/etc/d'], 3)).toBeUndefined();
    writeFileSync(join(bakery.manifest, 'entries.ndjson.zst'), 'overwritten in place');
    expect(await check(['/etc/a'])).toBeUndefined();
  });
});
