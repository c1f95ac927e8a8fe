import { hash } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { attributeFiles } from '../../../../agent/collect/packages/attribute-files.ts';
import { parseDiversions } from '../../../../agent/collect/packages/dpkg-ownership.ts';
import { ownersOf } from '../../../../agent/collect/packages/ownership.ts';
import { rpmTags } from '../../../../agent/collect/packages/rpm-header.ts';
import { directoryRoot } from '../../../../agent/collect/root.ts';
import { aRootOf } from '../../../support/root-files.ts';
import { anRpmPackage, anRpmSqlite } from '../../../support/rpm-database.ts';

const owners = (root: string, ...paths: string[]) => Object.fromEntries(ownersOf(directoryRoot(root), paths));
const md5 = (text: string) => ({ algorithm: 'md5', value: hash('md5', text) });
const paragraph = (name: string, arch = 'amd64', more = '') =>
  `Package: ${name}\nStatus: install ok installed\nArchitecture: ${arch}\nVersion: 1\n${more}\n`;

describe('files of dpkg', () => {
  const info = '/var/lib/dpkg/info';

  it('belong to the package that lists them, with its digest', () => {
    const root = aRootOf({
      '/var/lib/dpkg/status': paragraph(
        'bash',
        'amd64',
        `Conffiles:\n /etc/a b ${md5('c').value} obsolete\n /etc/new newconffile\n`,
      ),
      [`${info}/bash.list`]: '/.\n/etc\n/etc/a b\n/etc/new\n/usr\n/usr/bin/bash\n/usr/bin/rbash\n',
      [`${info}/bash.md5sums`]: `${md5('b').value}  usr/bin/bash\n`,
      [`${info}/gone.list`]: '/usr/bin/gone\n',
    });

    expect(
      owners(
        root,
        '/usr/bin/bash',
        '/usr/bin/rbash',
        '/etc/a b',
        '/etc/new',
        '/usr/bin/gone',
        '/bin/x',
        `${info}/bash.list`,
      ),
    ).toEqual({
      '/usr/bin/bash': { package: 'bash:amd64', config: false, digest: md5('b') },
      '/usr/bin/rbash': { package: 'bash:amd64', config: false },
      '/etc/a b': { package: 'bash:amd64', config: true, digest: md5('c') },
      '/etc/new': { package: 'bash:amd64', config: true },
      [`${info}/bash.list`]: { package: 'bash:amd64', config: false },
    });
  });

  it('are found by their real names where the list has older ones', () => {
    const root = aRootOf({
      '/var/lib/dpkg/status': paragraph('bash'),
      [`${info}/bash.list`]: '/bin/bash\n/lib/gone/file\n/loop/x\n',
      [`${info}/bash.md5sums`]: `${md5('b').value}  bin/bash\n`,
      '/usr/bin/bash': 'b',
    });
    symlinkSync('usr/bin', join(root, 'bin'));
    symlinkSync('/usr/lib', join(root, 'lib'));
    symlinkSync('loop', join(root, 'loop'));

    expect(owners(root, '/usr/bin/bash', '/usr/lib/gone/file', '/usr/x')).toEqual({
      '/usr/bin/bash': { package: 'bash:amd64', config: false, digest: md5('b') },
      '/usr/lib/gone/file': { package: 'bash:amd64', config: false },
    });
  });

  it('that several list belong to none of them, unless their content is known', () => {
    const both = ['amd64', 'i386'].map((arch) => paragraph('libc6', arch)).join('');
    const list = '/usr\n/usr/lib\n/usr/share/copyright\n';
    const sums = `${md5('c').value}  usr/share/copyright\n`;
    const root = aRootOf({
      '/var/lib/dpkg/status': both,
      [`${info}/libc6:i386.list`]: list,
      [`${info}/libc6:amd64.list`]: `${list}/usr/lib/amd64\n`,
      [`${info}/libc6:i386.md5sums`]: sums,
      [`${info}/libc6:amd64.md5sums`]: sums,
    });

    expect(owners(root, '/usr/lib', '/usr/lib/amd64', '/usr/share/copyright')).toEqual({
      '/usr/lib/amd64': { package: 'libc6:amd64', config: false },
      '/usr/share/copyright': { package: 'libc6:amd64', config: false, digest: md5('c') },
    });
  });

  it('lie where they were diverted to', () => {
    const root = aRootOf({
      '/var/lib/dpkg/status': `${paragraph('perf')}${paragraph('wrap')}`,
      '/var/lib/dpkg/diversions': '/usr/bin/perf\n/usr/bin/perf.real\nwrap\n',
      [`${info}/perf.list`]: '/usr/bin/perf\n',
      [`${info}/perf.md5sums`]: `${md5('p').value}  usr/bin/perf\n`,
      [`${info}/wrap.list`]: '/usr/bin/perf\n',
    });

    expect(owners(root, '/usr/bin/perf', '/usr/bin/perf.real')).toEqual({
      '/usr/bin/perf': { package: 'wrap:amd64', config: false },
      '/usr/bin/perf.real': { package: 'perf:amd64', config: false, digest: md5('p') },
    });
    expect(parseDiversions('/a\n/b\n').size).toBe(0);
  });

  it('are known in images without dpkg', () => {
    const root = aRootOf({
      '/var/lib/dpkg/status.d/tzdata': 'Package: tzdata\nArchitecture: all\nVersion: 1\n',
      '/var/lib/dpkg/status.d/tzdata.md5sums': `${md5('z').value}  usr/share/zone\n`,
    });

    expect(owners(root, '/usr/share/zone')).toEqual({
      '/usr/share/zone': { package: 'tzdata:all', config: false, digest: md5('z') },
    });
  });
});

describe('files of rpm', () => {
  const files = {
    [rpmTags.basenames]: ['bash', 'conf', 'ghost', 'other', 'bin'],
    [rpmTags.dirNames]: ['/bin/', '/etc/', '/usr/'],
    [rpmTags.dirIndexes]: [0, 1, 1, 0, 2],
    [rpmTags.fileDigests]: [hash('sha256', 'b'), hash('sha256', 'c'), 'aa', 'bb', ''],
    [rpmTags.fileDigestAlgorithm]: [8],
    [rpmTags.fileFlags]: [0, 17, 64, 0, 0],
    [rpmTags.fileStates]: [0, 0, 0, 1, 0],
  };
  const rootWith = (more: object) =>
    aRootOf({
      '/var/lib/rpm/rpmdb.sqlite': anRpmSqlite([anRpmPackage('bash', '5', { ...files, ...more })]),
      '/usr/bin/bash': 'b',
    });

  it('belong to the package that has them, unless another one replaced them', () => {
    const root = rootWith({});
    symlinkSync('usr/bin', join(root, 'bin'));
    const sha256 = (text: string) => ({ algorithm: 'sha256', value: hash('sha256', text) });
    const ofBash = { package: 'bash:x86_64', config: false };

    expect(owners(root, '/usr/bin/bash', '/etc/conf', '/etc/ghost', '/usr/bin/other', '/usr/bin')).toEqual({
      '/usr/bin/bash': { ...ofBash, digest: sha256('b') },
      '/etc/conf': { ...ofBash, config: true, digest: sha256('c') },
      '/etc/ghost': ofBash,
      '/usr/bin': ofBash,
    });
  });

  it('have no digest where the algorithm is unknown, and md5 where none is said', () => {
    const unknown = rootWith({ [rpmTags.fileDigestAlgorithm]: [77] });
    const { [rpmTags.fileDigestAlgorithm]: _none, ...silent } = files;
    const old = aRootOf({ '/var/lib/rpm/rpmdb.sqlite': anRpmSqlite([anRpmPackage('bash', '5', silent)]) });

    expect(owners(unknown, '/etc/conf')['/etc/conf']?.digest).toBeUndefined();
    expect(owners(old, '/etc/conf')['/etc/conf']?.digest?.algorithm).toBe('md5');
  });

  it('are none where the lists do not fit each other', () => {
    const root = rootWith({
      [rpmTags.dirIndexes]: [9, 0xffff_ffff],
      [rpmTags.fileFlags]: [],
      [rpmTags.fileStates]: [],
    });

    expect(owners(root, '/usr/bin/bash', '/etc/conf', 'bash')).toEqual({});
  });
});

describe('files of apk', () => {
  it('belong to the package that has them', () => {
    const sum = (text: string) => `Q1${Buffer.from(hash('sha1', text), 'hex').toString('base64')}`;
    const root = aRootOf({
      '/lib/apk/db/installed': `P:a\nV:1\nA:x86\nF:etc\nR:conf\nZ:${sum('c')}\nF:bin\nR:sh\nZ:${sum('/bin/busybox')}\nR:odd\nZ:Q1AA\n`,
      '/etc/conf': 'changed',
    });
    mkdirSync(join(root, 'bin'));
    symlinkSync('/bin/busybox', join(root, 'bin/sh'));
    const sha1 = (text: string) => ({ algorithm: 'sha1', value: hash('sha1', text) });

    expect(owners(root, '/etc/conf', '/bin/sh', '/bin/odd')).toEqual({
      '/etc/conf': { package: 'a:x86', config: true, digest: sha1('c') },
      '/bin/sh': { package: 'a:x86', config: false, digest: sha1('/bin/busybox') },
      '/bin/odd': { package: 'a:x86', config: false },
    });
    expect(
      Object.fromEntries(attributeFiles(directoryRoot(root), ['/etc/conf', '/bin/sh', '/bin/odd', '/no'])),
    ).toEqual({
      '/etc/conf': { package: 'a:x86', asPackaged: false },
      '/bin/sh': { package: 'a:x86', asPackaged: true },
      '/bin/odd': { package: 'a:x86' },
    });
  });
});

it('a file that is gone or of another type is not as packaged, by its written name', () => {
  const root = aRootOf({
    '/var/lib/dpkg/status': paragraph('a'),
    '/var/lib/dpkg/info/a.list': '/gone\n/dir\n/n\xe9\n',
    '/var/lib/dpkg/info/a.md5sums': ['gone', 'dir'].map((name) => `${md5('').value}  ${name}\n`).join(''),
  });
  mkdirSync(join(root, 'dir'));
  const attributed = attributeFiles(directoryRoot(root), ['/gone', '/dir', '/né']);

  expect(Object.fromEntries(attributed)).toEqual({
    '/gone': { package: 'a:amd64', asPackaged: false },
    '/dir': { package: 'a:amd64', asPackaged: false },
    '/né': { package: 'a:amd64' },
  });
});

it('broken databases own nothing', () => {
  const root = aRootOf({
    '/var/lib/dpkg/status': 'garbage',
    '/lib/apk/db/installed': 'x',
    '/var/lib/rpm/Packages.db': '',
  });

  expect(owners(root, '/usr/bin/bash')).toEqual({});
});
