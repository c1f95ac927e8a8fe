import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseInclude, sudoers } from '../../../../agent/collect/facts/sudoers.ts';
import { sudoersLines } from '../../../../agent/collect/facts/sudoers-lines.ts';
import { type FactsRoot, factsRoot } from '../../../support/facts-root.ts';

describe('lines of sudoers', () => {
  it.each([
    ['nothing', '', []],
    ['no trailing newline', 'eve ALL=ALL', ['eve ALL=ALL']],
    ['carriage returns', 'eve ALL=ALL\r\nbob ALL=ALL\r\n', ['eve ALL=ALL', 'bob ALL=ALL']],
    ['a NUL', 'eve\0 ALL=ALL\n', ['eve\0 ALL=ALL']],
    ['bytes that are no UTF-8', '\xff\xa0 ALL=ALL \xa0\n', ['\xff\xa0 ALL=ALL \xa0']],
    ['blanks', ' \t eve   ALL =\tALL  \n', ['eve ALL = ALL']],
    ['comments', '# root\n#root ALL=ALL\neve ALL=ALL # yes\\\nbob ALL=ALL', ['eve ALL=ALL', 'bob ALL=ALL']],
    ['accounts by number', '#1000 ALL=(#0:#-1) ALL\n', ['#1000 ALL=(#0:#-1) ALL']],
    ['a continued line', 'eve \\\n  ALL=\\ \t\r\nALL\n', ['eve ALL= ALL']],
    ['a continued last line', 'eve ALL=ALL\\', ['eve ALL=ALL\\']],
    ['a quoted comment', 'Defaults badpass_message="no  # \\" no" # c\n', ['Defaults badpass_message="no  # \\" no"']],
    ['a quote that goes on', 'Defaults x="a\\\n   b"\nc', ['Defaults x="ab"', 'c']],
    ['an open quote', 'Defaults x="a  b\neve ALL=ALL', ['Defaults x="a  b', 'eve ALL=ALL']],
    ['escaped blanks, but none before a newline', 'eve ALL=/a\\ \\  b\\ \nx', ['eve ALL=/a\\ \\  b x']],
    ['escaped comments', 'eve ALL=/a\\#b c\n', ['eve ALL=/a\\#b c']],
    ['old includes', ' #include /a\n#includedir\t/b\n#included x\n# include /c\n', ['@include /a', '@includedir /b']],
  ])('%s', (_what, text, expected) => {
    expect(sudoersLines(text)).toEqual(expected);
  });

  it.each([
    ['a backslash and blanks', '\\ '.repeat(500_000)],
    ['a blank and a letter', ' a'.repeat(500_000)],
    ['blanks', `a${' '.repeat(1_000_000)}b`],
    ['backslashes', '\\'.repeat(1_000_000)],
    ['quotes', '"'.repeat(1_000_000)],
  ])('take one pass: %s', (_what, text) => {
    expect(sudoersLines(text)).toHaveLength(1);
  });

  it.each([
    ['@include /a', { path: '/a', isDirectory: false }],
    ['@include /a\\ b', { path: '/a b', isDirectory: false }],
    ['@includedir "/a b"', { path: '/a b', isDirectory: true }],
    ['@includes /a', undefined],
    ['@include', undefined],
  ])('include: %s', (line, expected) => {
    expect(parseInclude(line)).toEqual(expected);
  });
});

describe('sudoers', () => {
  let root: FactsRoot;
  beforeEach(() => {
    root = factsRoot();
  });
  afterEach(() => root.remove());

  it('follow includes, relative ones too, and read of a directory what sudo reads', () => {
    root.put('etc/sudoers', '@include more\n@includedir /etc/sudoers.d\nroot ALL=ALL\n');
    root.put('etc/more', 'more ALL=ALL\nroot   ALL=ALL');
    root.put('etc/sudoers.d/10-a', 'a ALL=ALL');
    root.put('etc/sudoers.d/b.dpkg-old', 'b ALL=ALL');
    root.put('etc/sudoers.d/c~', 'c ALL=ALL');
    root.put('srv/d', 'd ALL=ALL');
    root.link('../../srv/d', 'etc/sudoers.d/d');
    mkdirSync(join(root.dir, 'etc/sudoers.d/dir'));

    const { entries, holes } = root.facts(sudoers);

    expect(holes).toEqual([]);
    expect(entries.map((entry) => [entry.name, 'files' in entry && entry.files])).toEqual([
      ['@include more', ['/etc/sudoers']],
      ['@includedir /etc/sudoers.d', ['/etc/sudoers']],
      ['a ALL=ALL', ['/etc/sudoers.d/10-a']],
      ['d ALL=ALL', ['/etc/sudoers.d/d']],
      ['more ALL=ALL', ['/etc/more']],
      ['root ALL=ALL', ['/etc/more', '/etc/sudoers']],
    ]);
  });

  it('end where includes go round, or lead nowhere', () => {
    root.put(
      'etc/sudoers',
      '@include /etc/sudoers\n@includedir .\n@includedir /none\n@include /a\0b\n@include /loop\neve ALL=ALL',
    );
    root.put('etc/again', '@include /etc/./again\n@includedir ./.');
    root.link('loop', 'loop');
    root.link('/proc/self/environ', 'etc/outside');

    expect(root.names(sudoers).filter((name) => !name.startsWith('@'))).toEqual(['eve ALL=ALL']);
  });

  it("are looked for where they usually lie, and at the vendor's", () => {
    root.put('usr/etc/sudoers', 'vendor ALL=ALL');
    root.put('etc/sudoers.d/eve', 'eve ALL=ALL');

    expect(root.names(sudoers)).toEqual(['eve ALL=ALL', 'vendor ALL=ALL']);
  });
});
