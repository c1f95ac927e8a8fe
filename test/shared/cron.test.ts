import { describe, expect, it } from 'vitest';
import { lastWallMinute, nextWallMinute, parseCron } from '../../shared/cron.ts';

const minuteOf = (text: string) => Date.parse(`${text}:00Z`) / 60_000;
const textOf = (minute: number | undefined) =>
  minute === undefined ? undefined : new Date(minute * 60_000).toISOString().slice(0, 16);

/** A Thursday. */
const start = minuteOf('2026-01-01T00:30');

describe('cron expressions', () => {
  it.each([
    ['0 2 * * 1-5', '2026-01-01T02:00', '2025-12-31T02:00'],
    ['*/15 * * * *', '2026-01-01T00:30', '2026-01-01T00:30'],
    ['10-50/20 1,3 * * *', '2026-01-01T01:10', '2025-12-31T03:50'],
    ['5/30 0 * * *', '2026-01-01T00:35', '2026-01-01T00:05'],
    ['0 0 * * sun', '2026-01-04T00:00', '2025-12-28T00:00'],
    ['0 0 * * 7', '2026-01-04T00:00', '2025-12-28T00:00'],
    ['0 0 * FEB-Mar *', '2026-02-01T00:00', '2025-03-31T00:00'],
    ['0 0 29 2 *', '2028-02-29T00:00', '2024-02-29T00:00'],
    // crontab(5): both are restricted, so one of them is enough.
    ['0 0 13 * fri', '2026-01-02T00:00', '2025-12-26T00:00'],
    // and here one is not.
    ['0 0 */2 * fri', '2026-01-09T00:00', '2025-12-19T00:00'],
  ])('%s comes next at %s, and came last at %s', (text, next, last) => {
    const cron = parseCron(text);

    expect([textOf(nextWallMinute(cron, start)), textOf(lastWallMinute(cron, start))]).toEqual([next, last]);
  });

  it('knows the eight years without a 29th of February', () => {
    expect(textOf(nextWallMinute(parseCron('0 0 29 2 *'), minuteOf('2096-03-01T00:00')))).toBe('2104-02-29T00:00');
  });

  it.each([
    ['* * * *', /five fields/],
    ['* * * * * *', /five fields/],
    ['60 * * * *', /minute: .*0 to 59.*"60"/],
    ['* 24 * * *', /hour/],
    ['* * 0 * *', /day of month/],
    ['* * * 13 *', /month/],
    ['* * * * 8', /day of week/],
    ['* * * * mon-sun', /day of week/],
    ['5-1 * * * *', /minute/],
    ['*/0 * * * *', /minute/],
    ['1,,2 * * * *', /minute/],
    ['@daily', /five fields/],
    ['0 0 30 2 *', /no such day/],
    ['0 0 31 4,6,9,11 *', /no such day/],
    [`${'1,'.repeat(200)}1 * * * *`, /256 characters/],
  ])('refuses %s', (text, why) => expect(() => parseCron(text)).toThrow(why));
});
