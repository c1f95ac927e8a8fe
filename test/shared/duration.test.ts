import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../shared/duration.ts';

describe('durations', () => {
  it.each([
    ['0', 0],
    ['1ms', 1],
    ['90s', 90_000],
    ['4h', 14_400_000],
    ['3650d', 315_360_000_000],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '1', '-1s', '1.5h', '1w', '1 s', '3651d', '999999999d'])('refuses %s', (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );

  it.each([
    [0, '0'],
    [1_500, '1500ms'],
    [120_000, '2m'],
    [90_000, '90s'],
    [1_209_600_000, '14d'],
  ])('says %d ms as %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});
