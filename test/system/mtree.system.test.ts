import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { debianRoot } from '../support/debian-root.ts';
import { addDevices, buildHostileTree } from '../support/hostile-tree.ts';
import { bakeSigned, succeed } from '../support/pristine-cli.ts';
import { aWorkbench } from '../support/workbench.ts';

describe('what is exported for mtree', () => {
  const { place, keys } = aWorkbench();

  const exported = async (root: string): Promise<string> => {
    const manifest = `${root}.manifest`;
    await bakeSigned({ root, out: manifest, key: keys.key });
    const { stdout } = await succeed(['export', 'mtree', '--manifest', manifest, '--pub', keys.pub]);
    const spec = `${root}.mtree`;
    writeFileSync(spec, stdout);
    return spec;
  };
  const mtree = (spec: string, root: string) =>
    spawnSync('mtree', ['-f', spec, '-p', root], { encoding: 'latin1', maxBuffer: 64 * 1_048_576 });

  it('finds no difference in the Debian that it was made from, and then just the ones there are', async () => {
    const root = place.folder('debian');
    execFileSync('cp', ['-a', `${debianRoot()}/.`, root]);
    const spec = await exported(root);

    const clean = mtree(spec, root);
    chmodSync(join(root, 'usr/bin/find'), 0o4755);
    appendFileSync(join(root, 'etc/debian_version'), 'x');
    rmSync(join(root, 'etc/issue'));
    writeFileSync(join(root, 'opt/new one'), '');
    const changed = mtree(spec, root);

    expect([clean.status, clean.stdout, clean.stderr]).toEqual([0, '', '']);
    expect(changed.status).toBe(2);
    const told = changed.stdout.split('\n').filter((line) => /^\S/.test(line));
    expect(told.map((line) => line.trim()).sort()).toEqual([
      'etc/debian_version:',
      'extra: opt/new one',
      'missing: ./etc/issue',
      'usr/bin/find:',
    ]);
  });

  it('has every name that there can be', async () => {
    const root = place.folder('hostile');
    buildHostileTree(root);
    addDevices(root);

    const { status, stdout, stderr } = mtree(await exported(root), root);

    expect([stdout, stderr, status]).toEqual(['', '', 0]);
  });
});
