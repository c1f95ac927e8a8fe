/**
 * What a clock on a wall shows somewhere, by the time zone data of the runtime (`Intl`, IANA names). Times are milliseconds
 * since the epoch; a wall time is what would be the epoch's if the wall were in UTC.
 */

const dayMs = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** How far the wall is ahead of UTC then, in milliseconds. Throws RangeError for a zone that nobody knows. */
export function offsetMs(zone: string, at: number): number {
  const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(formatOf(zone).format(at));
  if (match === null) throw new RangeError(`no offset of ${zone} is known`);
  const [, sign, hours = 0, minutes = 0, seconds = 0] = match;
  const ms = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
  return sign === '-' ? -ms : ms;
}

/**
 * When the wall shows this. Where it shows it twice, the first time; where it never does, as much later as the clock is put
 * forward (both as RFC 5545, 3.3.5, and `compatible` of Temporal have it).
 */
export function instantOf(zone: string, wall: number): number {
  const [before, after] = [offsetMs(zone, wall - dayMs), offsetMs(zone, wall + dayMs)];
  const first = wall - Math.max(before, after);
  const second = wall - Math.min(before, after);
  if (before === after || offsetMs(zone, first) === wall - first) return first;
  if (offsetMs(zone, second) === wall - second) return second;
  return wall - before;
}

/** By how much clocks are changed within a day of then, in milliseconds; mostly 0. */
export function shiftMsAround(zone: string, at: number): number {
  const offsets = [at - dayMs, at, at + dayMs].map((time) => offsetMs(zone, time));
  return Math.max(...offsets) - Math.min(...offsets);
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  formats.set(zone, format);
  return format;
}
