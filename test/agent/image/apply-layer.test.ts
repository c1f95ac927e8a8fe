import { describe, expect, it } from 'vitest';
import { applyLayer } from '../../../agent/image/apply-layer.ts';
import type { ByteSource } from '../../../agent/image/byte-source.ts';
import type { TarEntry } from '../../../agent/image/tar-entries.ts';
import { type Directory, newDirectory } from '../../../agent/image/tree.ts';
import { codeOf } from '../../support/code-of.ts';

const layer: ByteSource = {
  seekable: true,
  open: async function* () {
    yield Buffer.alloc(0);
  },
};

/** `name` a file with its name as content, `name/` a directory, `name -> target` a link, `name = target` a hard link. */
function entry(text: string, mode = 0o644): TarEntry {
  const [name = '', kind, linkName = ''] = text.split(/ (->|=) /);
  const type = kind === '->' ? 'symlink' : kind === '=' ? 'link' : name.endsWith('/') ? 'dir' : 'file';
  const data = { size: 1, sha256: name, stored: [] };
  return { name, type, mode, uid: 0, gid: 0, linkName, rdev: '0:0', xattrs: {}, ...(type === 'file' && { data }) };
}

function layered(...layers: readonly (readonly (string | TarEntry)[])[]): Directory {
  const root = newDirectory();
  for (const entries of layers) {
    applyLayer(
      root,
      entries.map((item) => (typeof item === 'string' ? entry(item) : item)),
      layer,
    );
  }
  return root;
}

/** Every path, with what a file's content is called. */
function listed(directory: Directory, prefix = ''): string[] {
  return [...directory.children].sort().flatMap(([name, inode]) => {
    const path = `${prefix}/${name}`;
    if (inode.children !== undefined) return [`${path}/`, ...listed(inode as Directory, path)];
    return [inode.target === undefined ? `${path} ${inode.data!.sha256}` : `${path} -> ${inode.target}`];
  });
}

describe('layers', () => {
  it('lie over each other, the last entry of a name before all others', () => {
    expect(listed(layered(['a', 'd/', 'd/b'], ['./d/b', '/c', 'c']))).toEqual(['/a a', '/c c', '/d/', '/d/b ./d/b']);
  });

  it('hide what lies below and nothing of their own, wherever the mark stands', () => {
    expect(listed(layered(['a', 'd/', 'd/x', 'd/y'], ['a', '.wh.a', 'd/.wh.x']))).toEqual(['/a a', '/d/', '/d/y d/y']);
    expect(listed(layered(['d/', 'd/x', 'd/e/z'], ['d/new', 'd/e/w', 'd/.wh..wh..opq']))).toEqual([
      '/d/',
      '/d/e/',
      '/d/e/w d/e/w',
      '/d/new d/new',
    ]);
    expect(listed(layered(['d/', 'd/x'], ['.wh.d', 'd/y']))).toEqual(['/d/', '/d/y d/y']);
  });

  it('leave out marks of nothing and notes of AUFS', () => {
    expect(listed(layered(['a'], ['.wh.gone', 'no/.wh.where', '.wh..wh.plnk/', 'a/.wh.b']))).toEqual(['/a a']);
  });

  it('replace the attributes of a directory, and anything else altogether', () => {
    const root = layered(['d/', 'd/x', 'f/', 'f/y', 'g'], [entry('d/', 0o700), 'f', 'g/']);

    expect(listed(root)).toEqual(['/d/', '/d/x d/x', '/f f', '/g/']);
    expect(root.children.get('d')!.mode).toBe(0o700);
  });

  it('keep a hard link as it was when one of its names is written anew', () => {
    const root = layered(['a', 'b = a'], ['a = b', 'c = /b'], ['./a']);

    expect(listed(root)).toEqual(['/a ./a', '/b a', '/c a']);
  });

  it('follow links to directories inside the image, and make what no entry speaks of', () => {
    expect(
      listed(layered(['usr/bin/', 'bin -> usr/bin', 'sbin -> /usr/bin'], ['bin/x', 'sbin/y', 'deep/er/z'])),
    ).toEqual([
      '/bin -> usr/bin',
      '/deep/',
      '/deep/er/',
      '/deep/er/z deep/er/z',
      '/sbin -> /usr/bin',
      '/usr/',
      '/usr/bin/',
      '/usr/bin/x bin/x',
      '/usr/bin/y sbin/y',
    ]);
  });

  it('replace a link by a directory, whose opaque mark then hides nothing behind the link', () => {
    expect(listed(layered(['e/', 'e/x', 'd -> e'], ['d/', 'd/.wh..wh..opq', 'd/y']))).toEqual([
      '/d/',
      '/d/y d/y',
      '/e/',
      '/e/x e/x',
    ]);
  });

  it.each<[string, string[][]]>([
    ['a name with ..', [['a/../b']]],
    ['a parent that leads out through a link', [['d -> ../../etc'], ['d/passwd']]],
    ['links in a circle', [['a -> b', 'b -> a', 'a/x']]],
    ['a file as a parent', [['a', 'a/b']]],
    ['a hard link to nothing', [['a = b']]],
    ['hard links to each other', [['a = b', 'b = a']]],
    ['a hard link to a directory', [['d/', 'a = d']]],
    ['a hard link that leads out', [['d -> ..'], ['a = d/etc/passwd']]],
    ['a hard link with ..', [['a = ../etc/passwd']]],
    ['a whiteout of no name', [['.wh.']]],
    ['a whiteout of the parent', [['d/', 'd/.wh...']]],
    ['a whiteout behind a link', [['d/', 'd/x', 'l -> d'], ['l/.wh.x']]],
    ['a link to nowhere', [['a -> ']]],
    ['a file for a root', [['/']].map(() => ['.'])],
  ])('refuse %s', (_, layers) => {
    expect(codeOf(() => layered(...layers))).toBe('ARCHIVE');
  });
});
