import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../shared/digest.ts';
import { aBakery, type Bakery } from '../../support/baked.ts';

const machineId = 'etc/machine-id';
const publicKey = 'etc/ssh/ssh_host_ed25519_key.pub';

describe('by what a machine is known', () => {
  let bakery: Bakery;
  beforeEach(async () => {
    bakery = aBakery((root) => {
      mkdirSync(join(root, 'etc/ssh'), { recursive: true });
      writeFileSync(join(root, machineId), 'uninitialized\n', { mode: 0o444 });
    });
  });
  afterEach(() => bakery.close());

  const put = (name: string, text: string) => {
    rmSync(join(bakery.root, name), { force: true });
    writeFileSync(join(bakery.root, name), text);
    chmodSync(join(bakery.root, name), 0o444);
  };
  const pinsOf = (makes: boolean) => ({ file: join(bakery.dir, 'pins.json'), makes });
  const known = async (pins?: ReturnType<typeof pinsOf>) =>
    (await bakery.verify(undefined, undefined, pins)).identities?.map(({ name }) => name);

  it('is told with pins alone, and is what it made for itself', async () => {
    await bakery.bake({ profile: 'debian' });
    put(publicKey, 'ssh-ed25519 AAAA');

    expect(await known()).toBeUndefined();
    expect(await known(pinsOf(true))).toEqual([`/${publicKey}`]);
    put(machineId, '0123456789abcdef0123456789abcdef\n');
    expect(await known(pinsOf(false))).toEqual([`/${machineId}`, `/${publicKey}`]);
  });

  it('is not what was baked, nor what a rule accepts or does not pin', async () => {
    put('etc/ssh/ssh_host_dsa_key.pub', 'ssh-dss baked');
    const keys = { match: '/etc/ssh/ssh_host_*', as: 'per-instance', accept: digestOf('ssh-rsa shared') };
    await bakery.bake({ rules: [{ match: `/${machineId}`, as: 'per-instance', pin: false }, keys] });
    put(machineId, '0123456789abcdef0123456789abcdef\n');
    put('etc/ssh/ssh_host_rsa_key.pub', 'ssh-rsa shared');
    put(publicKey, 'ssh-ed25519 AAAA');

    expect(await known(pinsOf(true))).toEqual([`/${publicKey}`]);
  });
});
