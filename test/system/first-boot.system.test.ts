import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cloudInitRoot, firstBoot } from '../support/first-boot.ts';
import { pristine, succeed, verify } from '../support/pristine-cli.ts';
import { isRoot } from '../support/scratch.ts';
import { aWorkbench } from '../support/workbench.ts';

/** A public key of a length that is right; nobody has the other half. */
const keyOf = (letter: string) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${letter.repeat(43)} of-${letter}`;

const userData = `
users:
  - name: deploy
    groups: [adm]
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
    shell: /bin/bash
    lock_passwd: true
    ssh_authorized_keys: ["${keyOf('D')}"]
write_files:
  - {path: /etc/app.conf, content: "role: web\\n"}
bootcmd:
  - [sh, -c, "cat /proc/sys/kernel/random/uuid > /etc/app-id"]
`;

describe.skipIf(!isRoot)('first boots of a Debian with cloud-init (needs root)', { timeout: 1_200_000 }, () => {
  const { place, keys } = aWorkbench();
  let image: string;
  let manifest: string;
  let fragment: string;
  let baked: string;

  const bake = (out: string, ...more: readonly string[]) =>
    pristine([
      ...['bake', '--check', '--root', image, '--image', 'web', '--image-version', '1', '--out', out],
      ...['--key', keys.key, '--json', ...more],
    ]);

  beforeAll(async () => {
    image = place.overlay(cloudInitRoot(), 'image');
    manifest = join(place.dir, 'manifest');
    fragment = join(place.dir, 'boot-rules.yaml');
    baked = join(place.dir, 'baked-with-rules');
    writeFileSync(join(image, 'etc/cloud/cloud.cfg.d/90-image.cfg'), 'datasource_list: [NoCloud]\nlocale: false\n');
    // What learning says of an image that was not made so: debootstrap copies the name of its host, cloud-init closes the
    // other directory.
    chmodSync(join(image, 'etc/hostname'), 0o644);
    chmodSync(join(image, 'etc/sudoers.d'), 0o750);
  }, 1_200_000);

  it('are of an image that was checked: the package makes host keys and ids, and the fixes take them out', async () => {
    const refused = await bake(manifest);
    const { found } = JSON.parse(refused.stdout);
    const isWritten = existsSync(manifest);
    for (const { fix } of found) execFileSync('sh', ['-ec', fix]);
    const clean = await bake(manifest);

    expect([refused.code, isWritten, clean.code]).toEqual([1, false, 0]);
    expect(found.map(({ code }: { readonly code: string }) => code)).toEqual(
      expect.arrayContaining(['machine-id', 'dbus-machine-id', 'host-key']),
    );
  });

  it('are learnt from three: a rule for everything they changed', async () => {
    const roots = ['web-a', 'web-b', 'web-c'].map((name) => firstBoot(place, image, { name, userData }));
    const before = await verify({ root: roots[0]!, manifest, pub: keys.pub });

    const args = [...roots, '--manifest', manifest, '--pub', keys.pub];
    const learnt = await pristine(['learn', ...args, '--out', fragment, '--json']);
    const again = await pristine(['learn', ...args]);

    expect(before.report.findings.length).toBeGreaterThan(50);
    const { rules, forAPerson, leftOver, holes } = JSON.parse(learnt.stdout);
    expect({ forAPerson, leftOver, holes }).toEqual({ forAPerson: [], leftOver: [], holes: [] });
    expect([learnt.code, again.code, again.stdout]).toEqual([0, 0, readFileSync(fragment, 'utf8')]);
    const told = rules.map(({ rule: { as, match } }: { rule: { as: string; match: string[] } }) => `${as} ${match[0]}`);
    expect(told).toEqual([
      'set-at-boot /etc/group',
      'set-at-boot /etc/sudoers.d/90-cloud-init-users',
      'set-at-boot /home/deploy/.ssh/authorized_keys',
      'per-instance /etc/app-id',
      'set-at-boot /etc/app.conf',
      'set-at-boot /home/deploy',
      'set-at-boot /home/deploy/.bash_logout',
      'set-at-boot /home/deploy/.ssh',
      'set-at-boot /root/.ssh/authorized_keys',
      'set-at-boot /var/lib/cloud',
      'per-instance /var/lib/systemd/random-seed',
      'ephemeral /var/lib/cloud/**',
    ]);
  });

  it('leave a fourth clean under these rules, which bake and lint take', async () => {
    await succeed(['rules', 'lint', '--config', fragment]);
    const bakedAgain = await bake(baked, '--config', fragment);
    const fourth = firstBoot(place, image, { name: 'web-d', userData });

    const { code, report } = await verify({ root: fourth, manifest: baked, pub: keys.pub });

    expect(bakedAgain.code).toBe(0);
    expect([code, report.findings]).toEqual([0, []]);

    appendFileSync(join(fourth, 'home/deploy/.ssh/authorized_keys'), `${keyOf('E')}\n`);
    appendFileSync(join(fourth, 'root/.ssh/authorized_keys'), `${keyOf('D')}\n`);
    appendFileSync(join(fourth, 'etc/passwd'), 'eve:x:1001:1001::/home/eve:/bin/sh\n');
    const changed = await verify({ root: fourth, manifest: baked, pub: keys.pub });

    expect(
      changed.report.findings.map(({ subject, name, severity }) => [subject, name.split(' ')[0], severity]),
    ).toEqual([
      ['authorized-key', 'deploy', 'critical'],
      ['authorized-key', 'root', 'critical'],
      ['user', 'eve', 'high'],
    ]);
  });

  it('do not let a program pass that an instance was told to run', async () => {
    const told = firstBoot(place, image, { name: 'web-e', userData: `${userData}runcmd: [[touch, /etc/ran]]\n` });

    const { report } = await verify({ root: told, manifest: baked, pub: keys.pub });

    expect(report.findings.map(({ name, change, severity }) => `${severity} ${change} ${name}`)).toEqual([
      'medium added /etc/ran',
      'medium added /var/lib/cloud/instances/iid-web-e/scripts/runcmd',
    ]);
  });
});
