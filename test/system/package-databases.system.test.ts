import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectFacts } from '../../agent/collect/facts/collector.ts';
import { attributeFiles } from '../../agent/collect/packages/attribute-files.ts';
import { ownersOf } from '../../agent/collect/packages/ownership.ts';
import { packages } from '../../agent/collect/packages/packages.ts';
import { directoryRoot } from '../../agent/collect/root.ts';
import { groupFindings } from '../../shared/attribution.ts';
import type { PackageEntry } from '../../shared/fact.ts';
import { encodeRaw } from '../../shared/name.ts';
import { debianRoot } from '../support/debian-root.ts';
import { bakeSigned, type Keys, keygen, verify } from '../support/pristine-cli.ts';
import { anRpmRoot, type RpmRoot } from '../support/rpm-root.ts';
import { isRoot, type Scratch, scratch } from '../support/scratch.ts';

const collected = (root: string) => collectFacts(directoryRoot(root), 'debian 12', [packages]);
const pathsBeneath = (root: string) =>
  run('find', [root, '-mindepth', '1', '-printf', '/%P\\0']).split('\0').filter(Boolean);

describe.skipIf(!isRoot)('package databases (needs root)', { timeout: 600_000 }, () => {
  let place: Scratch;
  beforeAll(() => {
    place = scratch();
  });
  afterAll(() => place?.remove());

  describe('of rpm', () => {
    let made: RpmRoot;
    beforeAll(() => {
      made = anRpmRoot(place.folder('rpm'));
    });

    it('say what `rpm -qa` says, before and after a package goes', () => {
      expect(packageLines(made.root)).toEqual(rpmPackageLines(made));

      made.rpm('-e', '--noscripts', 'alpha-1.0');

      expect(packageLines(made.root)).toEqual(rpmPackageLines(made));
      expect(packageLines(made.root)).toEqual(['alpha:noarch 2.0-1', 'beta:noarch 2:0.9-3']);
    });

    it('own what rpm says they own, path by path, with its digests', () => {
      const root = directoryRoot(made.root);
      const found = [...ownersOf(root, pathsBeneath(made.root))].map(
        ([path, owner]) => `${path} ${owner.package} ${owner.digest?.value ?? ''} ${owner.config ? 'c' : ''}`,
      );

      expect(found.sort()).toEqual(
        made.rpm(
          '-qa',
          '--qf',
          '[%{filenames} %{=name}:%{=arch} %{filedigests} %|fileflags?{%{fileflags:fflags}}:{}|\\n]',
        ),
      );

      const changed = '/usr/bin/alpha-2.0';
      appendFileSync(join(made.root, changed), 'x');
      const otherwise = [...attributeFiles(root, pathsBeneath(made.root))].filter(
        ([, { asPackaged }]) => asPackaged === false,
      );

      expect(otherwise.map(([name]) => name)).toEqual([changed]);
    });
  });

  it('of dpkg agree with `dpkg --verify` and with its lists', () => {
    const root = place.overlay(debianRoot(), 'dpkg');
    appendFileSync(join(root, 'usr/bin/ls'), 'x');
    appendFileSync(join(root, 'etc/pam.conf'), 'x');
    writeFileSync(join(root, 'usr/bin/nobody'), '');
    rmSync(join(root, 'usr/share/doc/bash/copyright'));
    symlinkSync('/etc/passwd', join(root, 'usr/share/doc/bash/copyright'));
    const paths = pathsBeneath(root);
    const attributed = attributeFiles(directoryRoot(root), paths.map(encodeRaw));

    const otherwise = [...attributed].filter(([, { asPackaged }]) => asPackaged === false).map(([name]) => name);
    expect(otherwise.sort()).toEqual(['/etc/pam.conf', '/usr/bin/ls', '/usr/share/doc/bash/copyright']);
    const verified = spawnSync('dpkg', ['--root', root, '--verify'], { encoding: 'utf8' }).stdout.split('\n');
    // dpkg calls files as its lists do, and says nothing of a link in place of a file.
    const wrong = verified.filter((line) => line.startsWith('??5')).map((line) => line.slice(12));
    expect(wrong.sort()).toEqual(['/bin/ls', '/etc/pam.conf']);
    expect(attributed.has('/usr/bin/nobody')).toBe(false);
    expect(regularFilesListed(root).filter((path) => !attributed.has(encodeRaw(path)))).toEqual([]);
  });

  it('group the findings of an upgrade, and leave out what nobody owns', async () => {
    const keys: Keys = await keygen(join(place.dir, 'k'));
    const manifest = join(place.dir, 'manifest');
    const before = aPackage(place, '1.0', { 'opt/tool/a': '1', 'opt/tool/b': '1', 'opt/tool/same': '' });
    const after = aPackage(place, '1.1', { 'opt/tool/a': '2', 'opt/tool/b': '2', 'opt/tool/same': '' });
    const root = place.overlay(debianRoot(), 'upgrade');
    run('dpkg', ['--root', root, '--install', before]);
    await bakeSigned({ root, out: manifest, key: keys.key });
    run('dpkg', ['--root', root, '--install', after]);
    writeFileSync(join(root, 'opt/tool/b'), 'evil');
    writeFileSync(join(root, 'opt/tool/stranger'), 'evil');

    const { report } = await verify({ root, manifest, pub: keys.pub });
    const owners = attributeFiles(
      directoryRoot(root),
      report.findings.map(({ name }) => name),
    );
    const { groups, rest } = groupFindings(report.findings, owners);

    expect(groups).toMatchObject([
      { package: 'pristine-tool:all', from: '1.0', to: '1.1', asPackaged: 1, otherwise: ['/opt/tool/b'] },
    ]);
    expect(rest.map(({ name }) => name)).toContain('/opt/tool/stranger');
    // What is left besides is dpkg's own database and its log.
    expect(rest.filter(({ name }) => !/^\/var\/(lib\/dpkg|log)\//.test(name)).map(({ name }) => name)).toEqual([
      '/opt/tool/stranger',
    ]);
  });
});

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'latin1', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 28 });
}

function packageLines(root: string): readonly string[] {
  const { entries, holes } = collected(root);
  expect(holes).toEqual([]);
  return (entries as readonly PackageEntry[]).map(({ name, version }) => `${name} ${version}`);
}

function rpmPackageLines({ rpm }: RpmRoot): readonly string[] {
  const lines = rpm('-qa', '--qf', '%{name}:%{arch} %|epoch?{%{epoch}:}:{}|%{version}-%{release}\\n');
  const versions = Map.groupBy(lines, (line) => line.slice(0, line.indexOf(' ')));
  return [...versions].map(([name, same]) => `${name} ${same.map((line) => line.slice(name.length + 1)).join(', ')}`);
}

/** Of every package, with links of directories followed as the scan sees them. */
function regularFilesListed(root: string): readonly string[] {
  const info = join(root, 'var/lib/dpkg/info');
  const lists = readdirSync(info).filter((name) => name.endsWith('.list'));
  const listed = lists.flatMap((name) => run('cat', [join(info, name)]).split('\n'));
  const inside = ['-c', 'while IFS= read -r path; do [ -f "$path" ] && [ ! -L "$path" ] && realpath "$path"; done; :'];
  return execFileSync('chroot', [root, 'sh', ...inside], {
    input: listed.join('\n'),
    encoding: 'latin1',
    maxBuffer: 2 ** 28,
  })
    .split('\n')
    .filter((path) => path !== '');
}

/** A Debian package of these files, made by dpkg-deb. */
function aPackage(place: Scratch, version: string, files: Readonly<Record<string, string>>): string {
  const folder = place.folder(`tool-${version}`);
  run('mkdir', ['-p', join(folder, 'DEBIAN'), join(folder, 'opt/tool')]);
  for (const [path, content] of Object.entries(files)) writeFileSync(join(folder, path), content);
  const sums = run('sh', ['-c', `cd ${folder} && md5sum ${Object.keys(files).join(' ')}`]);
  writeFileSync(join(folder, 'DEBIAN/md5sums'), sums);
  writeFileSync(
    join(folder, 'DEBIAN/control'),
    `Package: pristine-tool\nVersion: ${version}\nArchitecture: all\nMaintainer: nobody\nDescription: for tests\n`,
  );
  run('dpkg-deb', ['--build', folder, `${folder}.deb`]);
  return `${folder}.deb`;
}
