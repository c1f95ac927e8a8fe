import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collectFacts } from '../../../../agent/collect/facts/collector.ts';
import { parsePackageJson } from '../../../../agent/collect/packages/npm.ts';
import { packages } from '../../../../agent/collect/packages/packages.ts';
import { parseMetadata } from '../../../../agent/collect/packages/python.ts';
import { directoryRoot } from '../../../../agent/collect/root.ts';
import { aRootOf } from '../../../support/root-files.ts';

const collected = (root: string) => {
  const { entries, holes } = collectFacts(directoryRoot(root), 'debian 12', [packages]);
  return { entries: entries.map((entry) => `${entry.name} ${'purl' in entry ? entry.purl : ''}`), holes };
};
const metadata = (name: string, version: string) => `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`;

describe('packages of Python', () => {
  it('are found in the places of the system, by directory and by file', () => {
    const root = aRootOf({
      '/usr/lib/python3/dist-packages/requests-2.28.1.dist-info/METADATA': metadata('requests', '2.28.1'),
      '/usr/lib/python3/dist-packages/PyYAML-6.0.egg-info': metadata('PyYAML', '6.0'),
      '/usr/local/lib/python3.11/dist-packages/a_b-1.egg-info/PKG-INFO': metadata('a_b', '1'),
      '/usr/lib64/python3.13/site-packages/x-2.dist-info/METADATA': metadata('x', '2'),
      '/usr/lib/python3/dist-packages/requests/__init__.py': '',
      '/usr/lib/pythonic/site-packages/no-1.egg-info': metadata('no', '1'),
    });

    expect(collected(root)).toEqual({
      entries: [
        'pypi/PyYAML@/usr/lib/python3/dist-packages pkg:pypi/pyyaml@6.0',
        'pypi/a_b@/usr/local/lib/python3.11/dist-packages pkg:pypi/a-b@1',
        'pypi/requests@/usr/lib/python3/dist-packages pkg:pypi/requests@2.28.1',
        'pypi/x@/usr/lib64/python3.13/site-packages pkg:pypi/x@2',
      ],
      holes: [],
    });
  });

  it('are called as their directory is where the metadata says nothing, and make no hole', () => {
    const root = aRootOf({
      '/usr/lib/python3/dist-packages/odd-1.0.dist-info/METADATA': '\x00\xff garbage\n\nName: not-this\n',
      '/usr/lib/python3/dist-packages/empty-1.dist-info/RECORD': '',
    });
    symlinkSync('loop', join(root, 'usr/lib/python3/dist-packages/loop-1.egg-info'));
    symlinkSync('/dev/zero', join(root, 'usr/lib/python3/dist-packages/zero-1.egg-info'));
    mkdirSync(join(root, 'usr/lib/python3/dist-packages/dir-1.dist-info/METADATA'), { recursive: true });

    expect(collected(root)).toEqual({
      entries: ['pypi/odd@/usr/lib/python3/dist-packages pkg:pypi/odd@1.0'],
      holes: [],
    });
  });

  it('say their first name, above the description', () => {
    expect(parseMetadata('name: a\r\nName: b\r\nVersion:  1 \r\n\r\nVersion: 2')).toEqual({ name: 'a', version: '1' });
    expect(parseMetadata(':\nName:\n')).toEqual({});
  });
});

describe('packages of npm', () => {
  it('are found with their scopes, and not those beneath them', () => {
    const root = aRootOf({
      '/usr/lib/node_modules/npm/package.json': '{"name":"npm","version":"11.0.0"}',
      '/usr/lib/node_modules/npm/node_modules/deep/package.json': '{"name":"deep","version":"1"}',
      '/usr/local/lib/node_modules/@scope/pkg/package.json': '{"name":"@scope/pkg","version":"1.0.0"}',
      '/usr/share/nodejs/alias/package.json': '{"name":"real\\u00e9","version":"2"}',
      '/usr/share/nodejs/file.js': '',
    });

    expect(collected(root)).toEqual({
      entries: [
        'npm/@scope/pkg@/usr/local/lib/node_modules pkg:npm/%40scope/pkg@1.0.0',
        'npm/alias@/usr/share/nodejs pkg:npm/real%C3%A9@2',
        'npm/npm@/usr/lib/node_modules pkg:npm/npm@11.0.0',
      ],
      holes: [],
    });
  });

  it.each([
    '',
    'garbage',
    'null',
    '3',
    '[]',
    '{"name":{},"version":7}',
    '['.repeat(100_000),
    '{"__proto__":{"name":"x"}}',
  ])('say nothing by %.20s', (text) => {
    expect(parsePackageJson(Buffer.from(text))).toEqual({});
  });
});
