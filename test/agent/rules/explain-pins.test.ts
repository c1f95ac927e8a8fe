import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PinningOptions } from '../../../agent/check/pinning.ts';
import { askedNames } from '../../../agent/rules/asked-names.ts';
import { explain } from '../../../agent/rules/explain.ts';
import { aBakery, type Bakery } from '../../support/baked.ts';
import { codeOfAsync } from '../../support/code-of.ts';

describe('an explanation of what an instance wrote itself', () => {
  let bakery: Bakery;
  let pins: PinningOptions;
  beforeEach(async () => {
    bakery = aBakery((root) => {
      mkdirSync(join(root, 'etc/ssh'), { recursive: true });
      writeFileSync(join(root, 'etc/os-release'), 'ID=debian\n');
      write(root, 'hostname', 'baked');
      write(root, 'hosts', 'baked');
    });
    await bakery.bake();
    write(bakery.root, 'hostname', 'web-1');
    write(bakery.root, 'ssh/ssh_host_rsa_key', 'of web-1');
    pins = { file: join(bakery.dir, 'pins.json'), makes: false };
    await bakery.verify(bakery.manifest, undefined, { ...pins, makes: true });
  });
  afterEach(() => bakery.close());

  const write = (root: string, name: string, text: string) => writeFileSync(join(root, 'etc', name), text);
  const explained = async (name: string, given?: PinningOptions) => {
    const { paths } = await explain({
      root: bakery.root,
      manifest: bakery.manifest,
      keys: [bakery.pub],
      names: askedNames([name]),
      pool: bakery.pool,
      components: { directories: [] },
      onRefused: () => undefined,
      pins: given,
      seen: async () => undefined,
    });
    const { outcome, finding } = paths[0]!;
    return [outcome, finding && [finding.change, finding.attributes.join(), finding.rule]];
  };

  it('allows it as it was pinned', async () => {
    expect(await explained('/etc/hostname', pins)).toEqual(['allowed', null]);
    expect(await explained('/etc/ssh/ssh_host_rsa_key', pins)).toEqual(['allowed', null]);
  });

  it('finds what is another than was pinned, as verify does', async () => {
    write(bakery.root, 'hostname', 'web-2');
    write(bakery.root, 'ssh/ssh_host_rsa_key', 'of web-2');

    const content = (rule: string) => ['finding', ['modified', 'content', rule]];
    expect(await explained('/etc/hostname', pins)).toEqual(content('/etc/hostname'));
    expect(await explained('/etc/ssh/ssh_host_rsa_key', pins)).toEqual(content('/etc/ssh/ssh_host_*'));
    expect(await explained('/etc/hostname')).toEqual(['allowed', null]);
    const swept = await bakery.verify(bakery.manifest, undefined, pins);
    expect(swept.findings.map(({ name }) => name)).toEqual(['/etc/hostname', '/etc/ssh/ssh_host_rsa_key']);
  });

  it('finds that what was pinned, and never baked, is gone', async () => {
    rmSync(join(bakery.root, 'etc/ssh/ssh_host_rsa_key'));

    const [outcome, finding] = await explained('/etc/ssh/ssh_host_rsa_key', pins);

    expect([outcome, finding?.[0]]).toEqual(['finding', 'removed']);
    expect(await explained('/etc/ssh/ssh_host_rsa_key')).toEqual(['absent', null]);
    expect(await explained('/etc/ssh/ssh_host_ed25519_key', pins)).toEqual(['absent', null]);
  });

  it('finds what appeared where nothing was pinned', async () => {
    write(bakery.root, 'ssh/ssh_host_ed25519_key', 'late');

    const [outcome, finding] = await explained('/etc/ssh/ssh_host_ed25519_key', pins);

    expect([outcome, finding?.[0]]).toEqual(['finding', 'added']);
  });

  it('leaves what rules do not pin as free as before', async () => {
    write(bakery.root, 'hosts', 'other');

    expect(await explained('/etc/hosts', pins)).toEqual(['allowed', null]);
  });

  it('cannot be given without the pins there are to be', async () => {
    rmSync(pins.file);

    expect(await codeOfAsync(() => explained('/etc/hostname', pins))).toBe('UNREADABLE');
  });
});
