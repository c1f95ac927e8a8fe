import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collectFacts } from '../../../../agent/collect/facts/collector.ts';
import { parseApkInstalled } from '../../../../agent/collect/packages/apk.ts';
import { packages } from '../../../../agent/collect/packages/packages.ts';
import { directoryRoot } from '../../../../agent/collect/root.ts';
import { aRootOf } from '../../../support/root-files.ts';

const collected = (root: string) => collectFacts(directoryRoot(root), 'alpine 3.22.0', [packages]);
const musl = [
  'C:Q1d/BM1LSOhZ0KtZlSJbMtzvHaSrM=',
  'P:musl',
  'V:1.2.5-r0',
  'A:x86_64',
  'T:the musl c library (libc) implementation',
  'F:lib',
  'R:ld-musl-x86_64.so.1',
  'a:0:0:755',
  'Z:Q1ynOBDOQFXNdMQfSZWYcEFkNIPwE=',
  'R:libc.musl-x86_64.so.1',
  'F:etc',
].join('\n');

describe('the database of apk', () => {
  it('gives packages and their files', () => {
    expect(parseApkInstalled(`${musl}\n\n${musl.replace('P:musl', 'P:other')}\n\n`)).toMatchObject([
      {
        name: 'musl',
        version: '1.2.5-r0',
        arch: 'x86_64',
        files: [
          { path: '/lib' },
          { path: '/lib/ld-musl-x86_64.so.1', checksum: 'Q1ynOBDOQFXNdMQfSZWYcEFkNIPwE=' },
          { path: '/lib/libc.musl-x86_64.so.1' },
          { path: '/etc' },
        ],
      },
      { name: 'other' },
    ]);
  });

  it('tells only of files that are asked for', () => {
    const [found] = parseApkInstalled(musl, (path) => path.endsWith('.so.1'))!;

    expect(found?.files.map(({ path }) => path)).toEqual(['/lib/ld-musl-x86_64.so.1', '/lib/libc.musl-x86_64.so.1']);
  });

  it.each([
    ['a package without a version', musl.replace(/V:.*\n/, '')],
    ['one without a name', musl.replace(/P:.*\n/, '')],
    ['one without an architecture', musl.replace(/A:.*\n/, '')],
    ['a name twice in one', musl.replace('P:musl', 'P:musl\nP:evil')],
    ['a package twice', `${musl}\n\n${musl}`],
    ['a line without a colon', `${musl}\ngarbage`],
    ['a line of a megabyte', `${musl}\n${'x'.repeat(1_048_576)}`],
    ['a file of no directory', 'P:a\nV:1\nA:x\nR:file\n'],
    ['a checksum of no file', 'P:a\nV:1\nA:x\nF:bin\nZ:Q1x\n'],
    ['an escape code', musl.replace('V:1', 'V:\x1b[2J')],
    ['a NUL', musl.replace('P:musl', 'P:mu\0sl')],
    ['carriage returns', musl.replaceAll('\n', '\r\n')],
  ])('is not understood with %s', (_what, text) => {
    expect(parseApkInstalled(text)).toBeUndefined();
  });

  it('is a hole when it is not understood, in either place', () => {
    const root = aRootOf({ '/lib/apk/db/installed': 'garbage', '/usr/lib/apk/db/installed': musl });

    expect(collected(root)).toMatchObject({
      entries: [{ name: 'musl:x86_64', purl: 'pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64', status: 'installed' }],
      holes: [{ subject: 'package', name: '/lib/apk/db/installed', reason: 'unparseable' }],
    });
  });

  it('is read once where `/lib` is a link', () => {
    const root = aRootOf({ '/usr/lib/apk/db/installed': musl });
    mkdirSync(root, { recursive: true });
    symlinkSync('usr/lib', join(root, 'lib'));

    expect(collected(root).entries).toHaveLength(1);
  });
});
