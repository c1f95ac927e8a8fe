import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { libraryPaths, parseLdSoConf } from '../../../../agent/collect/facts/library-paths.ts';
import { parsePreload, preloads } from '../../../../agent/collect/facts/preloads.ts';
import { type FactsRoot, factsRoot } from '../../../support/facts-root.ts';

describe('the dynamic linker', () => {
  let root: FactsRoot;
  beforeEach(() => {
    root = factsRoot();
  });
  afterEach(() => root.remove());

  it.each([
    ['nothing', '', []],
    ['blanks, colons and newlines', '/a.so  /b.so:\t$LIB/c.so\r\n:d.so', ['/a.so', '/b.so', '$LIB/c.so', 'd.so']],
    ['comments', '# /no.so\n/a.so#/no.so', ['/a.so']],
    ['any bytes', '\0\n\xff\xa0', ['\0', '\xff\xa0']],
  ])('preloads what is named: %s', (_what, text, expected) => {
    expect(parsePreload(text)).toEqual(expected);
  });

  it('preloads a library once', () => {
    root.put('etc/ld.so.preload', '/a.so /a.so\n/b\xff.so');

    expect(root.names(preloads)).toEqual(['/a.so', '/b\\xff.so']);
  });

  it.each([
    ['directories with blanks and comments', ' /a b # c\r\n#/no\n', [{ directory: '/a b' }]],
    [
      'includes',
      'include a\tb*\nincludes\ninclude',
      [{ include: ['a', 'b*'] }, { directory: 'includes' }, { directory: 'include' }],
    ],
    ['hwcap', 'hwcap 1 x\nhwcap', [{ directory: 'hwcap' }]],
    ['any bytes', '\0\n\xa0', [{ directory: '\0' }, { directory: '\xa0' }]],
  ])('reads %s', (_what, text, expected) => {
    expect(parseLdSoConf(text)).toEqual(expected);
  });

  it('looks in directories in their order, those of included files in their place', () => {
    root.put('etc/ld.so.conf', '/first\ninclude ld.so.conf.d/*.conf\n/last');
    root.put('etc/ld.so.conf.d/b.conf', '/b');
    root.put('etc/ld.so.conf.d/a.conf', '/z\n/a\ninclude /etc/ld.so.conf\ninclude /none/* c');
    root.put('etc/ld.so.conf.d/c', '/c');
    root.put('etc/ld.so.conf.d/.hidden.conf', '/no');
    root.link('/etc/ld.so.conf.d', 'etc/ld.so.conf.d/again.conf');

    expect(root.facts(libraryPaths)).toEqual({
      entries: [
        {
          subject: 'library-path',
          name: '/etc/ld.so.conf',
          directories: ['/first', '/z', '/a', '/c', '/b', '/last'],
          files: ['/etc/ld.so.conf', '/etc/ld.so.conf.d/a.conf', '/etc/ld.so.conf.d/b.conf', '/etc/ld.so.conf.d/c'],
        },
      ],
      holes: [],
    });
  });

  it('of musl has a file of its own', () => {
    root.put('etc/ld-musl-x86_64.path', '/lib:/usr/lib\n/opt\n');

    expect(root.facts(libraryPaths).entries).toMatchObject([
      { name: '/etc/ld-musl-x86_64.path', directories: ['/lib', '/usr/lib', '/opt'] },
    ]);
  });

  it('has nothing to say without files, or with odd ones', () => {
    mkdirSync(join(root.dir, 'etc/ld.so.conf'), { recursive: true });
    root.link('/dev/zero', 'etc/ld.so.preload');

    expect(root.names(libraryPaths, preloads)).toEqual([]);
  });

  it.each([' a', 'include *\n', '/x\n', '#', '['])('takes one pass: %j', (piece) => {
    root.put('etc/ld.so.conf', piece.repeat(200_000));
    root.put('etc/ld.so.preload', piece.repeat(200_000));

    expect(root.facts(libraryPaths, preloads).holes).toEqual([]);
  });
});
