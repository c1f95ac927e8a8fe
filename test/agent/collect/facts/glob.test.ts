import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Collector } from '../../../../agent/collect/facts/collector.ts';
import { compileGlob, globPaths } from '../../../../agent/collect/facts/glob.ts';
import { type FactsRoot, factsRoot } from '../../../support/facts-root.ts';

describe('a glob', () => {
  it.each([
    ['*', 'a', true],
    ['*', '', true],
    ['a*b*c', 'aXbbc', true],
    ['a*b*c', 'aXbb', false],
    ['?', '', false],
    ['[ab]?', 'bx', true],
    ['[!a]', 'a', false],
    ['[!a]', 'b', true],
    ['[a-c]', 'b', true],
    ['[]]', ']', true],
    ['[a-]', '-', true],
    ['[a', '[a', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['a\\', 'a\\', true],
    ['{a,b}', '{a,b}', true],
  ])('%s against %s', (pattern, name, expected) => {
    expect(compileGlob(pattern)(name)).toBe(expected);
  });

  it('takes no time whatever a stranger writes', () => {
    expect(compileGlob(`${'*a'.repeat(2_000)}b`)('a'.repeat(255))).toBe(false);
    expect(compileGlob('['.repeat(4_000))('a'.repeat(255))).toBe(false);
  });

  describe('in a root', () => {
    let root: FactsRoot;
    beforeEach(() => {
      root = factsRoot();
    });
    afterEach(() => root.remove());

    const found = (pattern: string) => {
      const collector: Collector<'preload'> = {
        subject: 'preload',
        reads: [],
        collect: (reader) => globPaths(reader, pattern).map((name) => ({ subject: 'preload', name, files: ['/x'] })),
      };
      return root.names(collector as Collector);
    };

    it('leaves dotfiles out and follows links inside', () => {
      root.put('etc/d/b.conf', '');
      root.put('etc/d/a.conf', '');
      root.put('etc/d/.c.conf', '');
      root.put('etc/d/no', '');
      root.link('/etc/d', 'etc/l');

      expect(found('/etc/*/[ab].conf')).toEqual(['/etc/d/a.conf', '/etc/d/b.conf', '/etc/l/a.conf', '/etc/l/b.conf']);
      expect(found('/etc/d/.*')).toEqual(['/etc/d/.c.conf']);
    });

    it('finds nothing in loops, files and impossible paths', () => {
      mkdirSync(join(root.dir, 'etc'));
      root.link('loop', 'etc/loop');
      root.link('../../../../..', 'etc/up');
      root.put('etc/file', '');

      expect(found('/etc/loop/*')).toEqual([]);
      expect(found('/etc/file/*')).toEqual([]);
      expect(found(`/${'x'.repeat(300)}/*`)).toEqual([]);
      expect(found(`/${'*/'.repeat(3_000)}`)).toEqual([]);
      expect(found('/a\0b/*')).toEqual([]);
      expect(found('/etc/up/*')).toEqual(['/etc/up/etc']);
    });
  });
});
