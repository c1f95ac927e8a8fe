import type { Answer } from './post.ts';

/** What an attempt to deliver comes to. */
export type Outcome =
  | { readonly kind: 'delivered' }
  /** The receiver is there no more: nothing is sent until a person has looked. */
  | { readonly kind: 'gone'; readonly error: string }
  /** This page is never taken; others may be. */
  | { readonly kind: 'refused'; readonly error: string }
  /** `askedMs` is for how long the receiver wants to be left alone, for all pages. */
  | { readonly kind: 'later'; readonly error: string; readonly afterMs: number; readonly askedMs: number };

/** An attempt that failed is followed by another after `[0, this]`, twice as long each time. */
const backoffMsMin = 5_000;
const backoffMsMax = 1_800_000;
/** A receiver may ask for more, up to this. */
export const waitMsMax = 3_600_000;

/** 4xx that say "not now" (RFC 9110, 6585, 8470). */
const notNow: ReadonlySet<number> = new Set([408, 425, 429]);

/** Pure; `chance` in [0, 1) is the jitter, over all of the wait, so that many that failed together do not come back together. */
export function outcomeOf(
  answer: Answer,
  { attempts, chance, now }: { readonly attempts: number; readonly chance: number; readonly now: number },
): Outcome {
  const { status, retryAfter } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  const error = `it answered ${status}`;
  if (status === 410) return { kind: 'gone', error };
  if (status >= 400 && status < 500 && !notNow.has(status)) return { kind: 'refused', error };
  const askedMs = retryAfterMs(retryAfter, now);
  const afterMs = Math.max(askedMs, backoffMs(attempts, chance));
  const isRedirect = status >= 300 && status < 400;
  return { kind: 'later', error: isRedirect ? `${error}: redirects are not followed` : error, afterMs, askedMs };
}

export function backoffMs(attempts: number, chance: number): number {
  return Math.floor(chance * Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(attempts, 20)));
}

/** RFC 9110 §10.2.3: seconds, or a date. 0 for anything else. */
function retryAfterMs(text: string | undefined, now: number): number {
  if (text === undefined) return 0;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), waitMsMax) : 0;
}
