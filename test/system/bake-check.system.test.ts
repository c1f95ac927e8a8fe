import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pristine } from '../support/pristine-cli.ts';
import { afterMounting, isRoot, withoutDac } from '../support/scratch.ts';
import { aWorkbench } from '../support/workbench.ts';

describe('bake --check', { timeout: 120_000 }, () => {
  const { place, keys } = aWorkbench();
  let roots = 0;

  function aRoot(files: Readonly<Record<string, string>> = {}): { root: string; bake: readonly string[]; out: string } {
    roots += 1;
    const root = place.folder(`root-${roots}`);
    for (const [name, text] of Object.entries({ 'etc/profile': 'umask 022\n', ...files })) {
      mkdirSync(join(root, name, '..'), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    const out = join(place.dir, `out-${roots}`);
    const image = ['--image', 'web', '--image-version', '1', '--out', out, '--key', keys.key];
    return { root, out, bake: ['bake', '--check', '--root', root, ...image] };
  }

  it('writes nothing while there is something to take out, and bakes once its fixes were run', async () => {
    const { root, out, bake } = aRoot({ 'etc/machine-id': 'b08d\n', 'root/.bash_history': 'ls\n' });

    const refused = await pristine([...bake, '--json']);
    const isWritten = existsSync(out);
    const told = JSON.parse(refused.stdout);
    for (const { fix } of told.found) execFileSync('sh', ['-ec', fix]);
    const baked = await pristine([...bake, '--json']);

    expect([refused.code, isWritten]).toEqual([1, false]);
    expect(told).toMatchObject({ schema: 'pristine.bake-check/1', root, holes: [] });
    expect(told.found.map(({ code, level, names }: Record<string, unknown>) => [code, level, names])).toEqual([
      ['machine-id', 'error', ['/etc/machine-id']],
      ['history', 'error', ['/root/.bash_history']],
    ]);
    expect(baked.code).toBe(0);
    expect(JSON.parse(baked.stdout)).toMatchObject({ schema: 'pristine.bake/1', signed: true, remarks: [] });
  });

  it('tells remarks and bakes', async () => {
    const { bake } = aRoot({ 'root/.ssh/authorized_keys': 'ssh-ed25519 AAAA\n' });

    const run = await pristine(bake);

    expect(run.code).toBe(0);
    expect(run.stdout).toContain('authorized-key  /root/.ssh/authorized_keys');
    expect(run.stdout).toContain('baked web@1');
  });

  it('only checks where nothing names an image', async () => {
    const clean = aRoot();
    const dirty = aRoot({ 'etc/ssh/ssh_host_rsa_key': 'key\n' });

    const runs = [clean.root, dirty.root].map((root) => pristine(['bake', '--check', '--root', root]));

    expect((await Promise.all(runs)).map(({ code }) => code)).toEqual([0, 1]);
    expect((await runs[1]!).stdout).toContain(`fix: rm -rf ${dirty.root}/etc/ssh/ssh_host_rsa_key`);
  });

  it('refuses half an image, with and without a check', async () => {
    const { root, out } = aRoot();

    const codes = [
      await pristine(['bake', '--check', '--root', root, '--out', out]),
      await pristine(['bake', '--root', root, '--image', 'web', '--out', out]),
      await pristine(['bake', '--root', root]),
    ].map(({ code, stdout }) => [code, stdout]);

    expect(codes).toEqual([
      [2, ''],
      [2, ''],
      [2, ''],
    ]);
  });

  it.skipIf(!isRoot)('ends with 3 and writes nothing where it could not look (drops rights of root)', async () => {
    const { root, out, bake } = aRoot({ 'home/eve/.profile': '' });
    chmodSync(join(root, 'home/eve'), 0);

    const run = await pristine([...bake, '--json'], { before: withoutDac });

    expect([run.code, existsSync(out)]).toEqual([3, false]);
    expect(JSON.parse(run.stdout)).toMatchObject({ found: [], holes: [{ name: '/home/eve', reason: 'unreadable' }] });
  });

  it.skipIf(!isRoot)('needs no /proc (needs root)', async () => {
    const { root } = aRoot({ 'etc/machine-id': 'b08d\n' });

    const run = await pristine(['bake', '--check', '--root', root], {
      before: afterMounting('mount -t tmpfs none /proc'),
    });

    expect(run.code).toBe(1);
  });
});
