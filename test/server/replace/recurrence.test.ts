import { describe, expect, it } from 'vitest';
import { nextStart, spanAt } from '../../../server/replace/recurrence.ts';
import { parseCron } from '../../../shared/cron.ts';
import { compareWindows } from '../../support/compare-windows.ts';
import { seededRandom, testSeed } from '../../support/random.ts';
import { aSchedule, wallsOf } from '../../support/wall-oracle.ts';

const hourMs = 3_600_000;
const at = (text: string) => Date.parse(text);
const timeOf = (time: number | null | undefined) => (typeof time === 'number' ? new Date(time).toISOString() : time);

/** Where clocks are odd: by half an hour, by two, twice a year around Ramadan, at midnight, on other days, and never. */
const oddZones = [
  'Africa/Cairo',
  'Africa/Casablanca',
  'America/Asuncion',
  'America/Nuuk',
  'America/St_Johns',
  'Antarctica/Troll',
  'Asia/Almaty',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Europe/Berlin',
  'Pacific/Chatham',
];

describe('recurring spans', () => {
  it('equal a brute force that goes from minute to minute, in zones that are odd and some by lot', () => {
    const random = seededRandom(testSeed());
    const zones = [...oddZones, ...Array.from({ length: 4 }, () => random.pick(Intl.supportedValuesOf('timeZone')))];
    for (const zone of zones) {
      const year = 2024 + random.below(6);
      const walls = wallsOf(zone, Date.UTC(year, 0, 1), Date.UTC(year + 1, 1, 1));
      const durationMs = random.pick([0.5, 1, 3, 8, 24, 30]) * hourMs;

      expect(compareWindows(zone, walls, aSchedule(random), durationMs, random)).toBeUndefined();
    }
  }, 60_000);

  it('last as long as they are said to, whatever the clock does', () => {
    const nights = { cron: parseCron('0 1 * * *'), timeZone: 'Europe/Berlin', durationMs: 4 * hourMs };

    const [spring, autumn] = ['2026-03-29T00:30Z', '2026-10-25T00:30Z'].map((text) => spanAt(nights, at(text)));

    expect(timeOf(spring?.until)).toBe('2026-03-29T04:00:00.000Z');
    expect(timeOf(autumn?.until)).toBe('2026-10-25T03:00:00.000Z');
  });

  it('begin later where the clock skips their start, and never twice where it repeats it', () => {
    const nights = { cron: parseCron('30 2 * * *'), timeZone: 'Europe/Berlin', durationMs: hourMs };

    expect(timeOf(nextStart(nights, at('2026-03-28T12:00Z')))).toBe('2026-03-29T01:30:00.000Z');
    const autumn = nextStart(nights, at('2026-10-24T12:00Z'))!;
    expect([autumn, nextStart(nights, autumn)].map(timeOf)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  it('have no end where one begins before the other ends, for ever', () => {
    const always = { cron: parseCron('0 0 * * *'), timeZone: 'UTC', durationMs: 30 * hourMs };

    expect(spanAt(always, at('2026-01-01T12:00Z'))).toEqual({ from: at('2026-01-01T00:00Z'), until: null });
  });
});
