import type { Random } from './random.ts';

/**
 * Windows by brute force, apart from all of ours: minute by minute, with what a wall shows from the parts that `Intl` formats,
 * and a schedule that was never text.
 */

const minuteMs = 60_000;
const hourMs = 3_600_000;

/** Null for a field that is not restricted. */
export interface Schedule {
  readonly minutes: readonly number[];
  readonly hours: readonly number[] | null;
  readonly days: readonly number[] | null;
  readonly months: readonly number[] | null;
  /** 0 is Sunday. */
  readonly weekdays: readonly number[] | null;
}

export function cronOf({ minutes, hours, days, months, weekdays }: Schedule): string {
  return [minutes, hours, days, months, weekdays].map((field) => field?.join(',') ?? '*').join(' ');
}

export function aSchedule(random: Random): Schedule {
  const some = (count: number, from: number, to: number) =>
    [...new Set(Array.from({ length: count }, () => from + random.below(to - from + 1)))].sort((a, b) => a - b);
  const maybe = (share: number, field: readonly number[]) => (random.next() < share ? field : null);
  return {
    minutes: some(1 + random.below(2), 0, 59),
    // Clocks change at night.
    hours: maybe(0.9, some(1 + random.below(3), 0, random.next() < 0.7 ? 4 : 23)),
    days: maybe(0.2, some(3, 1, 28)),
    months: maybe(0.2, some(4, 1, 12)),
    weekdays: maybe(0.4, some(3, 0, 6)),
  };
}

export interface Walls {
  /** Milliseconds since the epoch: whole hours, `until` is not in it. */
  readonly from: number;
  readonly until: number;
  /** What the wall shows at each minute, in minutes since the epoch as if in UTC. */
  readonly shown: Int32Array;
  /** Minutes after which the wall does not show the next one. */
  readonly jumps: readonly number[];
}

export function wallsOf(timeZone: string, from: number, until: number): Walls {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric' },
  });
  const shownAt = (at: number) => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const { year, month, day, hour, minute } = parts as Record<'year' | 'month' | 'day' | 'hour' | 'minute', number>;
    return Date.UTC(year, month - 1, day, hour, minute) / minuteMs;
  };
  const shown = new Int32Array((until - from) / minuteMs);
  for (let hour = from; hour < until; hour += hourMs) {
    const [first, next] = [shownAt(hour), shownAt(hour + hourMs)];
    const isEven = next - first === 60;
    for (let minute = 0; minute < 60; minute++) {
      shown[(hour - from) / minuteMs + minute] = isEven ? first + minute : shownAt(hour + minute * minuteMs);
    }
  }
  const jumps: number[] = [];
  for (let minute = 1; minute < shown.length; minute++) {
    if (shown[minute] !== shown[minute - 1]! + 1) jumps.push(minute - 1);
  }
  return { from, until, shown, jumps };
}

/** Every start, in order: at each label that the wall shows for the first time, and as late as it was put forward for each that it leaves out. */
export function startsOf({ from, shown }: Walls, schedule: Schedule): readonly number[] {
  const starts = new Set<number>();
  let highest = Number.NEGATIVE_INFINITY;
  for (const [minute, label] of shown.entries()) {
    const before = minute === 0 ? label - 1 : shown[minute - 1]!;
    for (let left = before + 1; left < label; left++) {
      if (left > highest && isTime(schedule, left)) starts.add(from + (minute + left - before - 1) * minuteMs);
    }
    if (label > highest && isTime(schedule, label)) starts.add(from + minute * minuteMs);
    highest = Math.max(highest, label);
  }
  return [...starts].sort((a, b) => a - b);
}

function isTime({ minutes, hours, days, months, weekdays }: Schedule, label: number): boolean {
  if (!minutes.includes(label % 60)) return false;
  const date = new Date(label * minuteMs);
  const isIn = (field: readonly number[] | null, value: number) => field === null || field.includes(value);
  if (!isIn(hours, date.getUTCHours()) || !isIn(months, date.getUTCMonth() + 1)) return false;
  const [onDay, onWeekday] = [isIn(days, date.getUTCDate()), isIn(weekdays, date.getUTCDay())];
  return days !== null && weekdays !== null ? onDay || onWeekday : onDay && onWeekday;
}
