import { timestamp } from '../../shared/clock.ts';
import { parseCron } from '../../shared/cron.ts';
import { durationMs } from '../../shared/duration.ts';
import type { Policy } from '../../shared/policy.ts';
import type { TriggerKind } from '../../shared/trigger-kind.ts';
import type { Window } from '../../shared/window.ts';
import { nextStart, type Recurrence, type Span, spanAt, touchingMax } from './recurrence.ts';

/** Why nothing may start now by the windows of one policy, and until when that is so, as far as it is known. */
export interface Closed {
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly until: number | null;
}

const minuteMs = 60_000;

/**
 * A deny beats every allow; with an allow, all else is denied. `typicalMs` is how long a replacement takes to where there is
 * no way back: what would not get there before they close is not begun.
 */
export function closedBy(
  { name, windows }: Pick<Policy, 'name' | 'windows'>,
  trigger: TriggerKind,
  now: number,
  typicalMs: number | null = null,
): Closed | undefined {
  const mine = windows.filter((window) => window.triggers?.includes(trigger) ?? true);
  const denies = mine.filter((window) => !('allow' in window));
  for (const window of denies) {
    const span = spanOf(window, now);
    if (span === undefined) continue;
    const what = 'freeze' in window ? 'frozen' : 'denied';
    const why = window.reason === undefined ? '' : ` (${window.reason})`;
    return { message: `policy ${name}: ${what}${why}${endOf(span)}`, until: span.until };
  }
  const allows = mine.filter((window) => 'allow' in window);
  const end = Math.min(closesAt(allows, now), ...denies.map((window) => startOf(window, now)));
  if (end === now) return outside(name, allows, now);
  if (typicalMs === null || end - now >= typicalMs) return undefined;
  const [takes, left] = [typicalMs, end - now].map((ms) => `${Math.ceil(ms / minuteMs)} min`);
  return {
    message: `policy ${name}: will not start: a replacement here typically takes ${takes}, and the window closes in ${left}`,
    until: null,
  };
}

/** Whether they have been closed at every minute for so long. */
export function isClosedSince(policy: Pick<Policy, 'name' | 'windows'>, trigger: TriggerKind, now: number, ms: number) {
  for (let at = now; at >= now - ms; at -= minuteMs) if (closedBy(policy, trigger, at) === undefined) return false;
  return true;
}

function outside(name: string, allows: readonly Window[], now: number): Closed {
  const until = Math.min(...allows.map((window) => startOf(window, now)));
  if (!Number.isFinite(until)) return { message: `policy ${name}: outside its windows`, until: null };
  return { message: `policy ${name}: outside its windows; the next opens at ${timestamp(until)}`, until };
}

/** When the last of those that are open now, or touch them, ends; infinity where none does within sight, or there is none. */
function closesAt(allows: readonly Window[], now: number): number {
  if (allows.length === 0) return Number.POSITIVE_INFINITY;
  let end = now;
  for (let touching = 0; touching < touchingMax; touching++) {
    const open = allows.map((window) => spanOf(window, end)).filter((span) => span !== undefined);
    if (open.length === 0) return end;
    end = Math.max(...open.map(({ until }) => until ?? Number.POSITIVE_INFINITY));
  }
  return Number.POSITIVE_INFINITY;
}

function endOf({ until }: Span): string {
  return until === null ? '' : ` until ${timestamp(until)}`;
}

function spanOf(window: Window, at: number): Span | undefined {
  if (!('freeze' in window)) return spanAt(recurrenceOf(window), at);
  const span = { from: Date.parse(window.freeze.from), until: Date.parse(window.freeze.until) };
  return at >= span.from && at < span.until ? span : undefined;
}

/** Infinity where there is none to come. */
function startOf(window: Window, after: number): number {
  if (!('freeze' in window)) return nextStart(recurrenceOf(window), after) ?? Number.POSITIVE_INFINITY;
  const from = Date.parse(window.freeze.from);
  return from > after ? from : Number.POSITIVE_INFINITY;
}

function recurrenceOf(window: Exclude<Window, { readonly freeze: unknown }>): Recurrence {
  const { timeZone, duration } = window;
  const cron = parseCron('allow' in window ? window.allow : window.deny);
  return { cron, timeZone, durationMs: durationMs(duration) };
}
