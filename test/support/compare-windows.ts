import { lastStart, nextStart, type Recurrence, spanAt, touchingMax } from '../../server/replace/recurrence.ts';
import { parseCron } from '../../shared/cron.ts';
import type { Random } from './random.ts';
import { cronOf, type Schedule, startsOf, type Walls } from './wall-oracle.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** Beside each change of a clock. */
const minutesAround = 200;
const momentsElsewhere = 100;
/** Of those moments: it takes a hundred times as long as a start. */
const spansShare = 0.1;

export interface Difference {
  readonly timeZone: string;
  readonly cron: string;
  readonly at: string;
  readonly expected: unknown;
  readonly got: unknown;
}

/** The first way in which the evaluator and brute force differ, over the whole of these walls; undefined where there is none. */
export function compareWindows(
  timeZone: string,
  walls: Walls,
  schedule: Schedule,
  durationMs: number,
  random: Random,
): Difference | undefined {
  const cron = cronOf(schedule);
  const recurrence: Recurrence = { cron: parseCron(cron), timeZone, durationMs };
  const starts = startsOf(walls, schedule);
  const differs = (at: number, expected: unknown, got: unknown): Difference | undefined =>
    JSON.stringify(expected) === JSON.stringify(got)
      ? undefined
      : { timeZone, cron, at: new Date(at).toISOString(), expected, got };

  let at = walls.from - 1;
  for (const expected of starts) {
    const got = nextStart(recurrence, at);
    if (got !== expected) return differs(at, expected, got);
    at = got;
  }
  // What a start before the first of these walls would give, brute force cannot know.
  const from = (starts[0] ?? walls.until) + durationMs;
  const moments = [
    ...walls.jumps.flatMap((jump) =>
      Array.from({ length: 2 * minutesAround }, (_, index) => walls.from + (jump + index - minutesAround) * minuteMs),
    ),
    ...Array.from({ length: momentsElsewhere }, () => walls.from + random.below(walls.shown.length) * minuteMs),
  ].filter((moment) => moment >= from && moment < walls.until - dayMs - durationMs);
  for (const moment of moments) {
    const index = lastIndexUpTo(starts, moment);
    const last = starts[index];
    const wrong = differs(moment, last, lastStart(recurrence, moment));
    if (wrong !== undefined) return wrong;
    if (random.next() > spansShare) continue;
    const span = spanOf(starts, index, moment, durationMs, walls.until);
    const wrongSpan = span === 'beyond' ? undefined : differs(moment, span, spanAt(recurrence, moment));
    if (wrongSpan !== undefined) return wrongSpan;
  }
  return undefined;
}

/** As far as the walls go; `beyond` where they end before the span does. */
function spanOf(starts: readonly number[], index: number, at: number, durationMs: number, beyond: number) {
  const from = starts[index];
  if (from === undefined || at >= from + durationMs) return undefined;
  let until = from + durationMs;
  for (let touching = 0; touching < touchingMax; touching++) {
    if (until >= beyond) return 'beyond';
    const last = starts[lastIndexUpTo(starts, until)]!;
    if (last + durationMs === until) return { from, until };
    until = last + durationMs;
  }
  return { from, until: null };
}

function lastIndexUpTo(starts: readonly number[], at: number): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
