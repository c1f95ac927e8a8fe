import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, isPattern } from '../../shared/pattern.ts';

describe('a pattern', () => {
  it.each([
    ['/etc/passwd', ['/etc/passwd'], ['/etc/passwd-', '/etc', '/etc/passwd/x']],
    ['/etc/*', ['/etc/a', '/etc/.a'], ['/etc', '/etc/a/b', '/etcx']],
    [
      '/etc/ssh/ssh_host_*',
      ['/etc/ssh/ssh_host_', '/etc/ssh/ssh_host_rsa_key.pub'],
      ['/etc/ssh/ssh_host', '/etc/ssh/ssh_host_/x'],
    ],
    ['/x/**', ['/x/a', '/x/a/b', '/x/.a/.b'], ['/x', '/xy', '/y/x/a']],
    ['/**', ['/a', '/a/b'], ['/']],
    ['/', ['/'], ['/a']],
    ['/a/**/z', ['/a/z', '/a/b/z', '/a/b/c/z', '/a/z/z'], ['/a', '/az', '/a/b', '/b/z']],
    ['/a/**/b/**', ['/a/b/c', '/a/x/b/c', '/a/b/b'], ['/a/b', '/a/x/b', '/a/c']],
    ['/a/**/**', ['/a/b', '/a/b/c'], ['/a']],
    ['/?', ['/a', '/\xff'], ['/', '/ab', '/\xc3\xa9']],
    ['/[a-c_]x', ['/ax', '/bx', '/_x'], ['/dx', '/x', '/-x']],
    ['/[]]', ['/]'], ['/[', '/']],
    ['/[*]', ['/*'], ['/a']],
    ['/a*b*c', ['/abc', '/aXbYc', '/abbc'], ['/ab', '/acb']],
    ['/é', ['/\xc3\xa9'], ['/e']],
    ['/\\xff', ['/\xff'], ['/\\xff']],
    ['/\\\\', ['/\\'], ['/\\\\']],
  ])('%s', (pattern, matching, other) => {
    const matches = compilePattern(pattern);

    expect(matching.filter((path) => !matches(path))).toEqual([]);
    expect(other.filter(matches)).toEqual([]);
  });

  it.each([
    '',
    'etc',
    '!/etc',
    '/etc/',
    '//etc',
    '/./etc',
    '/../etc',
    '/a**',
    '/**b',
    '/***',
    '/{a,b}',
    '/[a',
    '/a]',
    '/[]',
    '/[!a]',
    '/[^a]',
    '/[z-a]',
    '/\\x00',
    '/\\',
    '/\n',
    '/\ud800',
  ])('is not %j', (text) => {
    expect(isPattern(text)).toBe(false);
    expect(() => compilePattern(text)).toThrow(TypeError);
  });

  it('matches as an exponential but obvious matcher does', () => {
    const part = fc.constantFrom('a', 'b', '*', '?', '[ab]');
    const segment = fc.oneof(
      fc.constant('**'),
      fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
    );
    const pattern = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
    const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 });
    const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => `/${names.join('/')}`);
    fc.assert(
      fc.property(pattern.filter(isPattern), path, (text, name) => {
        expect(compilePattern(text)(name)).toBe(oracle(text.slice(1).split('/'), name.slice(1).split('/')));
      }),
      { numRuns: 2_000 },
    );
  });

  // An exponential matcher would not end within the life of this machine; a cubic one, within the test's.
  it('ends soon on names made to hurt it', () => {
    const stars = compilePattern(`/${'a*'.repeat(120)}b`);
    const deep = compilePattern(`/${'**/a/'.repeat(500)}b`);

    expect(stars(`/${'a'.repeat(255)}`)).toBe(false);
    expect(deep(`${'/a'.repeat(2_000)}/c`)).toBe(false);
  });
});

/** By the words of the contract, with all the backtracking there is. */
function oracle(pattern: readonly string[], path: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return path.length === 0;
  if (first === '**') {
    const least = rest.length === 0 ? 1 : 0;
    return Array.from({ length: path.length + 1 }, (_, taken) => taken).some(
      (taken) => taken >= least && oracle(rest, path.slice(taken)),
    );
  }
  const expression = new RegExp(`^${first.replaceAll('?', '[^/]').replaceAll('*', '[^/]*')}$`);
  return path[0] !== undefined && expression.test(path[0]) && oracle(rest, path.slice(1));
}
