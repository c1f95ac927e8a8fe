import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRemnants } from '../../../agent/bake/find-remnants.ts';
import { remnants } from '../../../agent/bake/remnants.ts';
import { openObserverPool } from '../../../agent/collect/observer-pool.ts';
import { directoryRoot } from '../../../agent/collect/root.ts';
import { openRootView } from '../../../agent/image/root-view.ts';
import { aRootOf } from '../../support/root-files.ts';
import { isRoot, withoutDac } from '../../support/scratch.ts';

let root: string;

/** `code: names`, one line a remnant. */
const found = (dir = root) =>
  findRemnants(directoryRoot(dir), dir).found.map(({ code, names }) => `${code}: ${names.join(' ')}`);

beforeEach(() => {
  root = aRootOf({ 'etc/os-release': 'ID=debian\n' });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const key = '-----BEGIN OPENSSH PRIVATE KEY-----\n';
/** One of each, and what is told of it. */
const everything: Readonly<Record<string, string>> = {
  'etc/machine-id': 'b08dfa6083e7567a1921a715000001fb\n',
  'var/lib/dbus/machine-id': '',
  'etc/ssh/ssh_host_ed25519_key': key,
  'etc/ssh/ssh_host_ed25519_key.pub': 'ssh-ed25519 AAAA\n',
  'etc/pristine/join-token': `pst_${'a'.repeat(43)}\n`,
  'var/lib/systemd/random-seed': 'seed',
  'var/lib/systemd/credential.secret': 'secret',
  'etc/iscsi/initiatorname.iscsi': 'InitiatorName=iqn.1993-08.org.debian:01:abc\n',
  'etc/nvme/hostid': 'id',
  'var/lib/cloud/instances/i-1/sem/config_ssh': '',
  'etc/netplan/50-cloud-init.yaml': 'network: {}\n',
  'var/lib/dhcp/dhclient.eth0.leases': 'lease {}\n',
  'etc/udev/rules.d/70-persistent-net.rules': 'SUBSYSTEM=="net"\n',
  'var/lib/pristine/.boot': '1',
  'etc/salt/minion_id': 'a',
  'home/eve/.bash_history': 'mysql -psecret\n',
  'root/.ssh/id_ed25519': key,
  'var/log/journal/b08d/system.journal': 'journal',
  'var/lib/dpkg/updates/0001': 'Package: a\n',
  'home/eve/.ssh/authorized_keys': 'ssh-ed25519 AAAA\n',
  'root/.netrc': 'password x\n',
  'etc/resolv.conf': 'nameserver 10.0.0.2\n',
  'etc/hostname': 'build-7\n',
  'var/log/auth.log': 'line\n',
};

describe('what must not be baked in', () => {
  it('is nothing in a root without it', () => {
    put({
      'etc/machine-id': 'uninitialized\n',
      'etc/hostname': 'localhost\n',
      'etc/resolv.conf': 'nameserver 127.0.0.53\n',
      'etc/iscsi/initiatorname.iscsi': 'GenerateName=yes\n',
      'etc/ssh/sshd_config': 'Port 22\n',
      'root/.bash_history': '',
      'root/.ssh/id_ed25519.pub': 'ssh-ed25519 AAAA\n',
      'root/.bashrc': 'HISTFILE=x\n',
      'var/lib/dhcp/dhclient.leases': '',
      'var/log/wtmp': '',
      'var/lib/dpkg/lock': '',
    });
    mkdirSync(join(root, 'var/lib/dbus'));
    mkdirSync(join(root, 'var/lib/pristine'));
    mkdirSync(join(root, 'var/lib/cloud/instances'), { recursive: true });
    mkdirSync(join(root, 'home'));
    symlinkSync('/etc/machine-id', join(root, 'var/lib/dbus/machine-id'));
    // Nobody's history: what is there is not a file.
    mkdirSync(join(root, 'root/.history'));
    symlinkSync('/nowhere', join(root, 'root/.lesshst'));

    expect(findRemnants(directoryRoot(root), root)).toEqual({ found: [], holes: [] });
  });

  it('is recognised, all of it', () => {
    put(everything);

    const codes = new Set(found().map((line) => line.split(':')[0]));

    expect([...codes]).toEqual([...new Set(remnants.map(({ code }) => code))]);
    expect(found()).toContain('host-key: /etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_ed25519_key.pub');
    expect(found()).toContain('private-key: /root/.ssh/id_ed25519');
  });

  it('is gone once each fix was run', () => {
    put(everything);
    put(Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`etc/ssh/ssh_host_${n}_key`, key])));

    for (const { fix } of findRemnants(directoryRoot(root), root).found) execFileSync('sh', ['-ec', fix]);

    expect(found()).toEqual([]);
  });

  it('has fixes that a shell takes for a root of any name', () => {
    put({ 'etc/machine-id': 'b08dfa6083e7567a1921a715000001fb\n', 'etc/ssh/ssh_host_a b_key': key });

    const fixes = findRemnants(directoryRoot(root), "/mnt/it's new").found.map(({ fix }) => fix);

    expect(fixes).toEqual([
      "truncate -s 0 '/mnt/it'\\''s new'/etc/machine-id",
      "rm -rf '/mnt/it'\\''s new'/etc/ssh/ssh_host_*_key*",
    ]);
  });

  it('is found through links inside the root, never outside', () => {
    put({ 'data/root/.bash_history': 'ls\n', 'srv/machine-id': 'b08d\n' });
    symlinkSync('/data/root', join(root, 'root'));
    symlinkSync('/srv/machine-id', join(root, 'etc/machine-id'));
    symlinkSync('/etc/hostname', join(root, 'etc/hostname'));

    expect(found()).toEqual(['machine-id: /etc/machine-id', 'history: /root/.bash_history']);
  });

  it('is the same in an archive of the root, with the fix for where the archive is made', async () => {
    put(everything);
    const archive = `${root}.tar`;
    execFileSync('tar', ['-cf', archive, '-C', root, '.']);
    const pool = openObserverPool(1);
    const view = await openRootView(archive, { pool, platform: undefined, labels: false });
    try {
      const inArchive = await view.read((files) => findRemnants(files, ''));

      expect(inArchive).toEqual(findRemnants(directoryRoot(root), ''));
      expect(inArchive.found[0]?.fix).toBe('truncate -s 0 /etc/machine-id');
    } finally {
      view.close();
      await pool.close();
      rmSync(archive);
    }
  });

  it.skipIf(!isRoot)('is not said to be absent where nobody could look (drops rights of root)', () => {
    put({ 'home/eve/.bash_history': 'ls\n', 'etc/machine-id': 'b08d\n' });
    chmodSync(join(root, 'home/eve'), 0);
    chmodSync(join(root, 'etc/machine-id'), 0);
    const program = `
      import { findRemnants } from '${import.meta.dirname}/../../../agent/bake/find-remnants.ts';
      import { directoryRoot } from '${import.meta.dirname}/../../../agent/collect/root.ts';
      console.log(JSON.stringify(findRemnants(directoryRoot('${root}'), '').holes.map(({ name }) => name)));`;

    const told = execFileSync('setpriv', [
      ...withoutDac.slice(1),
      process.execPath,
      '--input-type=module-typescript',
      '-e',
      program,
    ]);

    expect(JSON.parse(told.toString())).toEqual(['/etc/machine-id', '/home/eve']);
  });
});
