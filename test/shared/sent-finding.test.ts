import { describe, expect, it } from 'vitest';
import { Finding, SentFinding } from '../../shared/finding.ts';
import { Hello } from '../../shared/protocol.ts';
import { aFinding, anImageDigest } from '../support/builders.ts';

const many = (count: number, value: unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, value]));

describe('a finding that somebody sent', () => {
  it.each<[string, unknown]>([
    ['texts, numbers, lists and records', { size: '1', n: 1, xattrs: { a: 'b' }, keys: ['a', 'b'] }],
    ['nothing', {}],
    ['null', { size: null }],
    ['a list in a list', { keys: [['a']] }],
    ['a record of numbers', { xattrs: { a: 1 } }],
    ['a number past all bounds', { n: Number.POSITIVE_INFINITY }],
    ['a text of 65,537', { a: 'x'.repeat(65_537) }],
    ['a name of 65', { ['x'.repeat(65)]: 'a' }],
    ['a list of 16,385', { keys: Array(16_385).fill('a') }],
    ['no attributes at all', 'text'],
  ])('with %s among its attributes is taken as any other is', (_, actual) => {
    const finding = { ...aFinding(), actual };

    expect(SentFinding.safeParse(finding).success).toBe(Finding.safeParse(finding).success);
  });

  it('of which no attribute is right says so once, and not of each', () => {
    const issues = (actual: unknown) => SentFinding.safeParse({ ...aFinding(), actual }).error?.issues.length;

    expect(issues(many(60, [[]]))).toBe(1);
    expect(issues(many(60_000, null))).toBe(1);
  });

  it('has no more attributes than a finding lists', () => {
    expect(SentFinding.safeParse({ ...aFinding(), actual: many(65, 'a') }).success).toBe(false);
  });
});

it('a hello of which no fact is right says so once', () => {
  const hello = {
    type: 'hello',
    publicKey: 'k',
    signature: 's',
    boot: 1,
    image: anImageDigest,
    rules: 1,
    agentVersion: '1',
  };
  const issues = (facts: unknown) => Hello.safeParse({ ...hello, facts }).error?.issues.length;

  expect(issues({ hostname: 'web-1' })).toBeUndefined();
  for (const facts of [
    many(5_000, 1),
    many(65, 'a'),
    { hostname: 'a\nb' },
    { ['a\nb']: 'c' },
    { a: 'x'.repeat(257) },
    [],
    'x',
  ])
    expect(issues(facts)).toBe(1);
});
