/**
 * Five fields of crontab(5): minute, hour, day of month, month, day of week. A field is `*`, a number, a range, a list of
 * them, each with a step (every 15th: `0-59/15`); months and days of the week by their first three letters too, and Sunday is 0 and 7.
 * Where day of month and day of week are both restricted, one of them is enough, as crontab(5) has it.
 */
export interface Cron {
  /** Of a day, ascending. */
  readonly minutesOfDay: readonly number[];
  readonly isDay: (date: Date) => boolean;
}

/** Minutes since the epoch as a clock on a wall shows them: without a zone. */
export type WallMinute = number;

const minutesPerDay = 1_440;
/** The 29th of February comes after eight years at most, by way of 2100. */
const daysAheadMax = 8 * 366;
const charsMax = 256;

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const fields: readonly Field[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: months },
  { name: 'day of week', min: 0, max: 7, names: weekdays },
];

/** Throws an Error that says which field is wrong and what would be right, also where it would never come. */
export function parseCron(text: string): Cron {
  if (text.length > charsMax) throw new Error(`expected a cron expression of at most ${charsMax} characters`);
  const parts = text.trim().split(/\s+/);
  if (parts.length !== fields.length) {
    throw new Error('expected five fields: minute, hour, day of month, month, day of week, such as "0 2 * * 1-5"');
  }
  const [minute, hour, day, month, weekday] = parts.map((part, index) => parseField(part, fields[index]!)) as [
    ...[Values, Values, Values, Values, Values],
  ];
  const isWeekday = (value: number) => weekday.has(value) || (value === 0 && weekday.has(7));
  const isEither = !day.isAny && !weekday.isAny;
  const cron: Cron = {
    minutesOfDay: [...hour.sorted].flatMap((h) => minute.sorted.map((m) => h * 60 + m)),
    isDay: (date) => {
      if (!month.has(date.getUTCMonth() + 1)) return false;
      const [isDay, isOn] = [day.has(date.getUTCDate()), isWeekday(date.getUTCDay())];
      return isEither ? isDay || isOn : isDay && isOn;
    },
  };
  if (nextWallMinute(cron, 0) === undefined) throw new Error('expected a date that comes: there is no such day');
  return cron;
}

/** The first minute from this one on at which it is time; undefined where none comes within eight years. */
export function nextWallMinute(cron: Cron, from: WallMinute): WallMinute | undefined {
  const firstDay = Math.floor(from / minutesPerDay);
  for (let day = firstDay; day <= firstDay + daysAheadMax; day++) {
    if (!cron.isDay(dateOf(day))) continue;
    const after = day === firstDay ? from - day * minutesPerDay : 0;
    const minute = cron.minutesOfDay.find((one) => one >= after);
    if (minute !== undefined) return day * minutesPerDay + minute;
  }
  return undefined;
}

/** The last minute up to this one at which it was time; undefined where none was within eight years. */
export function lastWallMinute(cron: Cron, until: WallMinute): WallMinute | undefined {
  const lastDay = Math.floor(until / minutesPerDay);
  for (let day = lastDay; day >= lastDay - daysAheadMax; day--) {
    if (!cron.isDay(dateOf(day))) continue;
    const before = day === lastDay ? until - day * minutesPerDay : minutesPerDay;
    const minute = cron.minutesOfDay.findLast((one) => one <= before);
    if (minute !== undefined) return day * minutesPerDay + minute;
  }
  return undefined;
}

function dateOf(day: number): Date {
  return new Date(day * minutesPerDay * 60_000);
}

interface Values {
  readonly has: (value: number) => boolean;
  readonly sorted: readonly number[];
  /** Written as `*`, with a step or without: for crontab(5) that is no restriction. */
  readonly isAny: boolean;
}

function parseField(text: string, field: Field): Values {
  const values = new Set(text.split(',').flatMap((part) => parsePart(part, field)));
  return {
    has: (value) => values.has(value),
    sorted: [...values].sort((a, b) => a - b),
    isAny: text.startsWith('*'),
  };
}

function parsePart(text: string, field: Field): readonly number[] {
  const match = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d{1,4}))?$/.exec(text);
  if (match === null) throw wrong(text, field);
  const [, any, first, second, stepText] = match;
  const from = any ? field.min : numberOf(first!, field);
  const isOpen = any !== undefined || (second === undefined && stepText !== undefined);
  const to = second !== undefined ? numberOf(second, field) : isOpen ? field.max : from;
  const step = stepText === undefined ? 1 : Number(stepText);
  if (step < 1 || to < from) throw wrong(text, field);
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}

function numberOf(text: string, field: Field): number {
  const named = field.names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + field.min;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= field.min && value <= field.max)) throw wrong(text, field);
  return value;
}

function wrong(text: string, { name, min, max, names }: Field): Error {
  const also = names === undefined ? '' : `, or ${names[0]}-${names.at(-1)}`;
  return new Error(`${name}: expected numbers from ${min} to ${max}${also}, ranges, lists and steps, got "${text}"`);
}
