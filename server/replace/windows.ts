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

/** Closed, or open until then: infinity where no end is within sight. */
type Opening = { readonly closed: Closed } | { readonly until: number };

/**
 * A deny beats every allow; with an allow, all else is denied. `typicalMs` is how long a replacement takes to where there is
 * no way back: what would not get there before they close is not begun.
 */
export function closedBy(
  policy: Pick<Policy, 'name' | 'windows'>,
  trigger: TriggerKind,
  now: number,
  typicalMs: number | null = null,
): Closed | undefined {
  return closedFor(policy, openingOf(policy, trigger, now), now, typicalMs);
}

/** `closedBy`, which may remember. */
export type WindowBook = typeof closedBy;

/**
 * The same for a clock that goes forward: cron and time zones are asked only when what they last said is over. What is said
 * of a closed one may be of the first that closes it.
 */
export function openWindowBook(): WindowBook {
  const pages = new Map<object, Map<TriggerKind, { readonly opening: Opening; readonly from: number }>>();
  return (policy, trigger, now, typicalMs = null) => {
    const page = pages.get(policy) ?? new Map();
    pages.set(policy, page);
    let known = page.get(trigger);
    if (known === undefined || !holds(known, now)) {
      known = { opening: openingOf(policy, trigger, now), from: now };
      page.set(trigger, known);
    }
    return closedFor(policy, known.opening, now, typicalMs);
  };
}

function holds({ opening, from }: { readonly opening: Opening; readonly from: number }, now: number): boolean {
  const until = 'closed' in opening ? opening.closed.until : opening.until;
  return now === from || (now > from && until !== null && now < until);
}

function closedFor(
  { name }: Pick<Policy, 'name'>,
  opening: Opening,
  now: number,
  typicalMs: number | null,
): Closed | undefined {
  if ('closed' in opening) return opening.closed;
  const leftMs = opening.until - now;
  if (typicalMs === null || leftMs >= typicalMs) return undefined;
  const [takes, left] = [typicalMs, leftMs].map((ms) => `${Math.ceil(ms / minuteMs)} min`);
  return {
    message: `policy ${name}: will not start: a replacement here typically takes ${takes}, and the window closes in ${left}`,
    until: null,
  };
}

function openingOf({ name, windows }: Pick<Policy, 'name' | 'windows'>, trigger: TriggerKind, now: number): Opening {
  const mine = windows.filter((window) => window.triggers?.includes(trigger) ?? true);
  const denies = mine.filter((window) => !('allow' in window));
  for (const window of denies) {
    const span = spanOf(window, now);
    if (span === undefined) continue;
    const what = 'freeze' in window ? 'frozen' : 'denied';
    const why = window.reason === undefined ? '' : ` (${window.reason})`;
    return { closed: { message: `policy ${name}: ${what}${why}${endOf(span)}`, until: span.until } };
  }
  const allows = mine.filter((window) => 'allow' in window);
  const end = Math.min(closesAt(allows, now), ...denies.map((window) => startOf(window, now)));
  return end === now ? { closed: outside(name, allows, now) } : { until: end };
}

/** Whether they have been closed for so long, which may be years: from one end to the next, not from minute to minute. */
export function isClosedSince(policy: Pick<Policy, 'name' | 'windows'>, trigger: TriggerKind, now: number, ms: number) {
  if (closedBy(policy, trigger, now) === undefined) return false;
  for (let at = now - ms; at < now; ) {
    const closed = closedBy(policy, trigger, at);
    if (closed === undefined) return false;
    // No end is within sight of then, and there is none now.
    if (closed.until === null) return true;
    at = closed.until;
  }
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
    if (!Number.isFinite(end)) return end;
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
