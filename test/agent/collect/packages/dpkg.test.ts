import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectFacts } from '../../../../agent/collect/facts/collector.ts';
import { parseStatus } from '../../../../agent/collect/packages/dpkg.ts';
import { packages } from '../../../../agent/collect/packages/packages.ts';
import { directoryRoot } from '../../../../agent/collect/root.ts';

const paragraph = (name: string, more = '') =>
  `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2.0-1\n${more}`;

const collected = (root: string) => collectFacts(directoryRoot(root), 'debian 12', [packages]);

describe('the database of dpkg', () => {
  it('gives each package that dpkg knows', () => {
    const text = `${paragraph('zlib1g', 'Description: a\n b\n .\n Version: no\n')}\n${paragraph('bash')}`;

    expect(parseStatus(text)).toEqual([
      { name: 'zlib1g:amd64', version: '1:2.0-1', status: 'install ok installed' },
      { name: 'bash:amd64', version: '1:2.0-1', status: 'install ok installed' },
    ]);
  });

  it('tells architectures and states apart, and forgets what is not installed', () => {
    const text = [
      paragraph('libc6'),
      paragraph('libc6').replace('amd64', 'i386'),
      paragraph('old').replace('install ok installed', 'deinstall ok config-files'),
      'Package: gone\nStatus: purge ok not-installed\n',
    ].join('\n');

    expect(parseStatus(text)?.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'libc6:amd64 install ok installed',
      'libc6:i386 install ok installed',
      'old:amd64 deinstall ok config-files',
    ]);
  });

  it.each([
    ['a paragraph without a version', paragraph('a').replace(/Version.*\n/, '')],
    ['one without a status', paragraph('a').replace(/Status.*\n/, '')],
    ['one without a name', paragraph('a').replace(/Package.*\n/, '')],
    ['a package twice', `${paragraph('a')}\n${paragraph('a')}`],
    ['a field twice', `${paragraph('a')}Version: 3\n`],
    ['a line without a colon', `${paragraph('a')}garbage\n`],
    ['a continuation of nothing', ` x\n${paragraph('a')}`],
    ['carriage returns', paragraph('a').replaceAll('\n', '\r\n').replace('installed\r', 'installed\rx')],
    ['a NUL', paragraph('a\0')],
    ['an escape code', paragraph('a\x1b[2J')],
    ['a line of a megabyte without a colon', 'x'.repeat(1_048_576)],
    ['a line of a megabyte for a name', paragraph('a'.repeat(1_048_576).concat('!'))],
    ['a version with blanks', paragraph('a').replace('2.0-1', '2.0 1')],
  ])('is not understood with %s', (_what, text) => {
    expect(parseStatus(text)).toBeUndefined();
  });

  describe('in a root', () => {
    let root: string;
    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), 'pristine-dpkg-'));
      mkdirSync(join(root, 'var/lib'), { recursive: true });
    });
    afterEach(() => rmSync(root, { recursive: true }));

    it('may be missing, and then there are no packages', () => {
      expect(collected(root)).toEqual({ entries: [], holes: [] });
    });

    it('is a hole when it is broken, a directory or a FIFO', () => {
      mkdirSync(join(root, 'var/lib/dpkg'));
      writeFileSync(join(root, 'var/lib/dpkg/status'), 'garbage');
      expect(collected(root).holes[0]?.reason).toBe('unparseable');

      rmSync(join(root, 'var/lib/dpkg/status'));
      mkdirSync(join(root, 'var/lib/dpkg/status'));
      expect(collected(root).holes[0]?.reason).toBe('unparseable');
    });

    it('is a hole when it has more bytes than anybody reads', () => {
      mkdirSync(join(root, 'var/lib/dpkg'));
      writeFileSync(join(root, 'var/lib/dpkg/status'), paragraph('a'));
      truncateSync(join(root, 'var/lib/dpkg/status'), 2 ** 30);

      expect(collected(root)).toMatchObject({ entries: [], holes: [{ reason: 'unparseable' }] });
    });

    it('is the one of the root, where a link says `/`', () => {
      mkdirSync(join(root, 'data/dpkg'), { recursive: true });
      writeFileSync(join(root, 'data/dpkg/status'), paragraph('inside'));
      symlinkSync('/../../data/dpkg', join(root, 'var/lib/dpkg'));

      expect(collected(root).entries).toMatchObject([
        { name: 'inside:amd64', purl: 'pkg:deb/debian/inside@1:2.0-1?arch=amd64' },
      ]);
    });

    it('may be a file a package, without a status', () => {
      mkdirSync(join(root, 'var/lib/dpkg/status.d'), { recursive: true });
      const path = join(root, 'var/lib/dpkg/status.d/base');
      writeFileSync(path, 'Package: base-files\nArchitecture: all\nVersion: 12\nConffiles:\n /etc/a 0\n');
      writeFileSync(`${path}.md5sums`, '0  usr/bin/a\n');

      expect(collected(root)).toMatchObject({
        entries: [{ name: 'base-files:all', version: '12', status: 'install ok installed' }],
        holes: [],
      });

      writeFileSync(path, 'Package: base-files\n');

      expect(collected(root).holes).toEqual([
        { subject: 'package', name: '/var/lib/dpkg/status.d/base', reason: 'unparseable' },
      ]);
    });

    it('is not looked for in a loop for ever', () => {
      symlinkSync('dpkg', join(root, 'var/lib/dpkg'));

      expect(collected(root).holes[0]?.reason).toBe('unparseable');
    });
  });
});
