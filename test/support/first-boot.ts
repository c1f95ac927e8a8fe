import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianRoot } from './debian-root.ts';
import type { Scratch } from './scratch.ts';

/** A Debian with cloud-init as Debian packages it, sshd and systemd, as debootstrap leaves it: with ids and keys of its making. */
export function cloudInitRoot(): string {
  return debianRoot({
    include: [
      'systemd-sysv',
      'dbus',
      'openssh-server',
      'sudo',
      'iproute2',
      // Debian names it by virtual packages, which debootstrap does not resolve.
      'python3-cffi-backend',
      'cloud-init',
    ],
  });
}

export interface Boot {
  readonly name: string;
  /** cloud-config, as YAML. */
  readonly userData: string;
}

/** The stages of cloud-init, and what of systemd runs without a whole boot, in the order of a boot. */
const stages = `
hostname localhost
systemd-machine-id-setup
cloud-init init --local
cloud-init init
cloud-init modules --mode=config
cloud-init modules --mode=final
/lib/systemd/systemd-random-seed save
cloud-init status
`;

/**
 * An instance of an image after its first boot: in namespaces of its own, without a network, told what it is by a seed as
 * NoCloud has it. The namespaces and what was mounted there end with it; the overlay stays with the scratch.
 */
export function firstBoot(place: Scratch, image: string, { name, userData }: Boot): string {
  const root = place.overlay(image, name);
  const seed = join(root, 'var/lib/cloud/seed/nocloud');
  mkdirSync(seed, { recursive: true });
  writeFileSync(join(seed, 'meta-data'), `instance-id: iid-${name}\nlocal-hostname: ${name}\n`);
  writeFileSync(join(seed, 'user-data'), `#cloud-config\n${userData}`);
  const script = `
mount -t proc proc "$1/proc"
mount -t sysfs sysfs "$1/sys"
mount -t tmpfs tmpfs "$1/run"
mount -t tmpfs tmpfs "$1/tmp"
exec chroot "$1" /bin/sh -ec "$2"`;
  const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--uts', '--net'];
  const told = execFileSync('unshare', [...namespaces, 'sh', '-ec', script, 'sh', root, stages], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
  }).toString();
  if (!told.endsWith('status: done\n')) throw new Error(`cloud-init of ${name} did not end well:\n${told}`);
  return root;
}
