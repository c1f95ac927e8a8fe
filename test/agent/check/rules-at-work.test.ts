import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aBakery, type Bakery, told } from '../../support/baked.ts';

describe('rules at work', () => {
  let bakery: Bakery;

  beforeEach(() => {
    bakery = aBakery((root) => {
      mkdirSync(join(root, 'pods/a'), { recursive: true });
      writeFileSync(join(root, 'pods/a/file'), 'baked');
      writeFileSync(join(root, 'plain'), 'baked');
      mkdirSync(join(root, 'etc'));
      writeFileSync(join(root, 'etc/os-release'), 'ID=rocky\nID_LIKE="rhel centos fedora"\n');
    });
  });
  afterEach(() => bakery.close());

  it('do not go into what is foreign, and show it in the coverage', async () => {
    await bakery.bake({ rules: [{ match: '/pods/*', as: 'foreign', reason: 'of the pods' }] });
    const before = await bakery.verify();
    rmSync(join(bakery.root, 'pods/a/file'));
    mkdirSync(join(bakery.root, 'pods/b/deep'), { recursive: true });
    symlinkSync('/nowhere', join(bakery.root, 'pods/b/deep/link'));
    writeFileSync(join(bakery.root, 'pods/b/deep/program'), 'x', { mode: 0o4755 });

    const report = await bakery.verify();

    expect(before.verdict).toBe('in_sync');
    expect(told(report)).toEqual([]);
    expect(report.coverage.checked).toBe(before.coverage.checked);
    expect(report.coverage.skipped).toContainEqual({ name: '/pods/*', rule: 'foreign: of the pods' });
  });

  it('take the profile of the distribution, unless another is named', async () => {
    const found = await bakery.bake();
    const named = await bakery.bake({ profile: 'alpine' });

    expect(found.profile).toBe('rhel');
    expect(named.profile).toBe('alpine');
  });

  it('take the base profile where the distribution is unknown', async () => {
    rmSync(join(bakery.root, 'etc/os-release'));

    expect((await bakery.bake()).profile).toBe('base');
  });
});
