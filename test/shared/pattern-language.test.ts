import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, isPattern } from '../../shared/pattern.ts';
import { pathInBoth, pathOutside } from '../../shared/pattern-language.ts';

const part = fc.constantFrom('a', 'b', '*', '?', '[ab]', '[b-c]');
const segment = fc.oneof(
  { weight: 1, arbitrary: fc.constant('**') },
  { weight: 3, arbitrary: fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('')) },
);
const pattern = fc
  .array(segment, { minLength: 1, maxLength: 3 })
  .map((segments) => `/${segments.join('/')}`)
  .filter(isPattern);

/** Every path of up to three segments of up to two letters out of four: `z` stands for what no pattern names. */
const names = ['a', 'b', 'c', 'z'].flatMap((first) => ['', 'a', 'b', 'c', 'z'].map((second) => first + second));
const paths = [
  '/',
  ...names.flatMap((first) => [
    `/${first}`,
    ...names.flatMap((second) => [
      `/${first}/${second}`,
      ...['a', 'b', 'z'].map((third) => `/${first}/${second}/${third}`),
    ]),
  ]),
];

describe('what patterns have to do with each other', () => {
  it.each([
    ['/a/b', ['/a/*'], undefined],
    ['/a/**', ['/**'], undefined],
    ['/a/*', ['/a/**'], undefined],
    ['/a/**/**', ['/a/**'], undefined],
    ['/a/**/b', ['/a/**'], undefined],
    ['/a/?', ['/a/[\\x01-\\x80]', '/a/?'], undefined],
    ['/[ab]', ['/a', '/b'], undefined],
    ['/a*', ['/a', '/a?*'], undefined],
    ['/', ['/'], undefined],
    ['/a/**', ['/a/*'], '/a/x/x'],
    ['/**', ['/*', '/*/**'], undefined],
    ['/a', ['/a/**'], '/a'],
    ['/', ['/**'], '/'],
    ['/[ab]', ['/a'], '/b'],
    ['/a', [], '/a'],
  ])('%s outside of %j: %s', (one, others, path) => {
    expect(pathOutside(one, others)).toBe(path);
  });

  it('says that one covers another exactly where no path tells them apart', () => {
    fc.assert(
      fc.property(pattern, fc.array(pattern, { minLength: 1, maxLength: 2 }), (one, others) => {
        const [matches, ...covers] = [one, ...others].map(compilePattern) as [(path: string) => boolean];
        const isOutside = (path: string) =>
          matches(path) && !(covers as (typeof matches)[]).some((cover) => cover(path));
        const found = pathOutside(one, others);
        if (found === undefined) expect(paths.filter(isOutside)).toEqual([]);
        else {
          expect(found).not.toBe('unknown');
          expect(isOutside(found)).toBe(true);
        }
      }),
      { numRuns: 1_500 },
    );
  });

  it('says that two meet exactly where a path is in both', () => {
    fc.assert(
      fc.property(pattern, pattern, (one, other) => {
        const [first, second] = [compilePattern(one), compilePattern(other)];
        const found = pathInBoth(one, other);
        if (found === undefined) expect(paths.filter((path) => first(path) && second(path))).toEqual([]);
        else expect([found !== 'unknown', first(found), second(found)]).toEqual([true, true, true]);
      }),
      { numRuns: 1_500 },
    );
  });

  it('says nothing, and soon, where it would take too long', () => {
    const many = `/**/a${'/?*'.repeat(40)}`;

    expect(['unknown', undefined]).toContain(pathOutside(many, [`/**/a${'/*?'.repeat(40)}`]));
  });
});
