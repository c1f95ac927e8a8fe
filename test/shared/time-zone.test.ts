import { describe, expect, it } from 'vitest';
import { instantOf, isTimeZone, offsetMs } from '../../shared/time-zone.ts';

const hour = 3_600_000;

describe('time zones', () => {
  it.each([
    ['UTC', '2026-07-01T00:00Z', 0],
    ['Europe/Berlin', '2026-07-01T00:00Z', 2 * hour],
    ['Europe/Berlin', '2026-01-01T00:00Z', hour],
    ['Asia/Kathmandu', '2026-01-01T00:00Z', 5.75 * hour],
    ['America/St_Johns', '2026-01-01T00:00Z', -3.5 * hour],
  ])('%s is at %s ahead by %d ms', (zone, at, ms) => expect(offsetMs(zone, Date.parse(at))).toBe(ms));

  it.each([
    ['that comes once', '2026-06-01T02:30Z', '2026-06-01T00:30:00.000Z'],
    ['that never comes, as much later as the clock is put forward', '2026-03-29T02:30Z', '2026-03-29T01:30:00.000Z'],
    ['that comes twice, the first time', '2026-10-25T02:30Z', '2026-10-25T00:30:00.000Z'],
  ])('knows the instant of a wall time %s', (_, wall, instant) => {
    expect(new Date(instantOf('Europe/Berlin', Date.parse(wall))).toISOString()).toBe(instant);
  });

  it.each(['Mars/Olympus', '', 'Europe/Berlin; drop', '../etc/passwd'])('does not know %s', (name) =>
    expect(isTimeZone(name)).toBe(false),
  );
});
