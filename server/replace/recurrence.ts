import { type Cron, lastWallMinute, nextWallMinute, type WallMinute } from '../../shared/cron.ts';
import { instantOf, offsetMs, shiftMsAround } from '../../shared/time-zone.ts';

/** Spans that begin by a cron expression on the walls of a zone, and last so long in elapsed time: `[start, start + duration)`. */
export interface Recurrence {
  readonly cron: Cron;
  readonly timeZone: string;
  readonly durationMs: number;
}

export interface Span {
  /** Milliseconds since the epoch, as `until`. */
  readonly from: number;
  /** Null where it does not end within sight: span after span begins before the one before ends. */
  readonly until: number | null;
}

const minuteMs = 60_000;
/** Of spans that touch each other: three months of days. Past it nobody asks when it ends. */
export const touchingMax = 100;

/**
 * The latest start up to then; undefined where none was within eight years. A start that the spring change skips comes as much
 * later as the clock is put forward, so that two starts can be in another order than on the wall: those as near as the
 * change are looked at too. One that the autumn change repeats comes once, the first time.
 */
export function lastStart(recurrence: Recurrence, at: number): number | undefined {
  const { cron, timeZone } = recurrence;
  let best: number | undefined;
  let floor = Number.NEGATIVE_INFINITY;
  let wall = lastWallMinute(cron, wallMinuteOf(timeZone, at + shiftMsAround(timeZone, at), at));
  while (wall !== undefined && wall >= floor) {
    const start = instantOf(timeZone, wall * minuteMs);
    if (start <= at && (best === undefined || start > best)) {
      if (best === undefined) floor = wall - shiftMsAround(timeZone, start) / minuteMs;
      best = start;
    }
    wall = lastWallMinute(cron, wall - 1);
  }
  return best;
}

/** The first start after then; undefined where none comes within eight years. */
export function nextStart({ cron, timeZone }: Recurrence, at: number): number | undefined {
  let best: number | undefined;
  let ceiling = Number.POSITIVE_INFINITY;
  let wall = nextWallMinute(cron, wallMinuteOf(timeZone, at - shiftMsAround(timeZone, at), at));
  while (wall !== undefined && wall <= ceiling) {
    const start = instantOf(timeZone, wall * minuteMs);
    if (start > at && (best === undefined || start < best)) {
      if (best === undefined) ceiling = wall + shiftMsAround(timeZone, start) / minuteMs;
      best = start;
    }
    wall = nextWallMinute(cron, wall + 1);
  }
  return best;
}

/** The span around then, with all that touch its end; undefined between spans. */
export function spanAt(recurrence: Recurrence, at: number): Span | undefined {
  const { durationMs } = recurrence;
  const from = lastStart(recurrence, at);
  if (from === undefined || at >= from + durationMs) return undefined;
  let start = from;
  for (let touching = 0; touching < touchingMax; touching++) {
    const next = lastStart(recurrence, start + durationMs);
    if (next === undefined || next <= start) return { from, until: start + durationMs };
    start = next;
  }
  return { from, until: null };
}

function wallMinuteOf(timeZone: string, moment: number, at: number): WallMinute {
  return Math.floor((moment + offsetMs(timeZone, at)) / minuteMs);
}
