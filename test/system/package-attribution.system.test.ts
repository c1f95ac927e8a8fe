import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { debianRoot } from '../support/debian-root.ts';
import { bakeSigned, pristine, verify } from '../support/pristine-cli.ts';
import { isRoot } from '../support/scratch.ts';
import { aWorkbench } from '../support/workbench.ts';

// A real apt-get in a real Debian: many findings, few things that happened.
describe.skipIf(!isRoot)('what a package manager did (needs root)', { timeout: 600_000 }, () => {
  const { place, keys } = aWorkbench();
  let root: string;
  let manifest: string;
  const inside = (...command: string[]) =>
    execFileSync('chroot', [root, ...command], { stdio: ['ignore', 'ignore', 'inherit'] });

  beforeAll(async () => {
    root = place.overlay(debianRoot(), 'apt');
    copyFileSync('/etc/resolv.conf', join(root, 'etc/resolv.conf'));
    for (const file of ['/etc/hosts', '/etc/apt/apt.conf.d/99-test-proxy']) {
      if (existsSync(file) && file !== '/etc/hosts') copyFileSync(file, join(root, file));
    }
    writeFileSync(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    inside('apt-get', '-q', 'update');
    // An old version to upgrade from: the same package, repacked under a lower number.
    inside(
      'sh',
      '-ec',
      'cd /tmp && apt-get -q download less && dpkg-deb -R less_*.deb x && sed -i "s/^Version: .*/Version: 589-1/" x/DEBIAN/control && echo old >x/usr/share/doc/less/README.old && dpkg-deb -b x old.deb && dpkg -i old.deb && rm -rf /tmp/x /tmp/*.deb',
    );
    manifest = join(place.dir, 'manifest');
    await bakeSigned({ root, out: manifest, key: keys.key });
  }, 600_000);

  it('an upgrade and an installation are a line each, and what nobody packaged stands out', async () => {
    inside(
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      'apt-get',
      '-q',
      '-y',
      '--no-install-recommends',
      'install',
      'less',
      'bc',
    );
    writeFileSync(join(root, 'usr/bin/helper'), '#!/bin/sh\n', { mode: 0o755 });
    appendFileSync(join(root, 'usr/bin/bc'), 'tampered');

    const { code, report } = await verify({ root, manifest, pub: keys.pub });
    const text = await pristine(['verify', '--root', root, '--manifest', manifest, '--pub', keys.pub]);

    const group = (name: string) => report.packages?.find((one) => one.package.startsWith(`${name}:`));
    const version = (name: string) =>
      execFileSync('chroot', [root, 'dpkg-query', '-W', '-f', `\${Version}`, name], { encoding: 'utf8' });
    expect(group('less')).toMatchObject({
      from: '589-1',
      to: version('less'),
      otherwise: [],
    });
    expect(group('bc')).toMatchObject({ to: version('bc'), otherwise: ['/usr/bin/bc'] });
    expect(group('bc')!.asPackaged).toBeGreaterThan(2);
    const owned = new Set(report.packages!.flatMap(({ fingerprints }) => fingerprints));
    const unowned = report.findings.filter(({ fingerprint }) => !owned.has(fingerprint)).map(({ name }) => name);
    // Maintainer scripts write too (inputrc), and that is nobody's either.
    // Of what an upgrade took away no database says any more whose it was.
    expect(unowned).toEqual(expect.arrayContaining(['/usr/bin/helper', '/usr/share/doc/less/README.old']));
    expect(
      unowned.filter(
        (name) =>
          !/^\/(var\/lib\/(dpkg|apt)|etc\/(alternatives|inputrc)|usr\/bin\/helper|usr\/share\/doc\/less\/README)/.test(
            name,
          ),
      ),
    ).toEqual([]);
    expect(code).toBe(1);
    expect(text.stdout).toMatch(/package {3}less:\S+ 589-1 → \S+: \d+ file/);
    expect(text.stdout).toContain('/usr/bin/helper');
    expect(text.stdout).toContain('/usr/bin/bc\n');
    expect(text.stdout).not.toContain('/usr/share/doc/bc/copyright');
  });
});
