import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { debianRoot } from '../support/debian-root.ts';
import { bakeSigned, parseReport, pristine, succeed } from '../support/pristine-cli.ts';
import { isRoot } from '../support/scratch.ts';
import { aWorkbench } from '../support/workbench.ts';

const config = `
components:
  - { name: cni-calico, paths: [/opt/cni/bin/**, /etc/cni/net.d/**] }
  - { name: gpu-driver, paths: [/opt/gpu/**] }
`;
const cni = { 'opt/cni/bin/calico': 'plugin', 'etc/cni/net.d/10-calico.conflist': '{}' };

describe.skipIf(!isRoot)('components laid over a Debian (needs root)', { timeout: 300_000 }, () => {
  const { place, keys } = aWorkbench();
  let root: string;
  let manifest: string;
  beforeAll(async () => {
    const debian = debianRoot();
    manifest = join(place.dir, 'manifest');
    writeFileSync(join(place.dir, 'pristine.yaml'), config);
    await bakeSigned({ root: debian, out: manifest, key: keys.key, config: join(place.dir, 'pristine.yaml') });
    await bakeComponent('cni-calico', cni);
    await bakeComponent('gpu-driver', { 'opt/gpu/libgpu.so': 'driver', 'usr/bin/sudo': 'door' });
    root = place.overlay(debian, 'instance');
    put(root, cni);
  }, 600_000);

  async function bakeComponent(name: string, tree: Readonly<Record<string, string>>): Promise<void> {
    put(place.folder(name), tree);
    const of = ['--image', name, '--image-version', '1', '--out', componentDir(name), '--key', keys.key];
    await succeed(['bake', '--root', place.folder(name), ...of]);
  }
  const componentDir = (name: string) => join(place.dir, `manifest-${name}`);
  const verify = async (...components: string[]) => {
    const named = components.flatMap((name) => ['--component', componentDir(name)]);
    const args = ['--root', root, '--manifest', manifest, '--pub', keys.pub, '--format', 'json', ...named];
    const run = await pristine(['verify', ...args]);
    return { code: run.code, report: parseReport(run), stderr: run.stderr };
  };

  it('are part of what is compared with', async () => {
    const { code, report } = await verify('cni-calico');

    expect([code, report.findings, report.coverage.holes]).toEqual([0, [], []]);
    expect(report.coverage.components).toMatchObject([{ name: 'cni-calico', version: '1' }]);
  });

  it('are added files without it', async () => {
    const { code, report } = await verify();

    const names = report.findings.map(({ change, name }) => `${change} ${name}`);
    expect(code).toBe(1);
    expect(names).toEqual(expect.arrayContaining(Object.keys(cni).map((name) => `added /${name}`)));
  });

  it('are refused whole for one file outside their paths, which a sentence names', async () => {
    const { code, report, stderr } = await verify('cni-calico', 'gpu-driver');

    expect(code).toBe(3);
    expect(report.findings).toEqual([]);
    expect(report.coverage.holes).toEqual([
      { subject: 'component', name: componentDir('gpu-driver'), reason: 'not-allowed' },
    ]);
    expect(stderr).toContain('/usr: not within the paths');
  });
});

function put(root: string, tree: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(tree)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}
