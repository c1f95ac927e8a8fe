import { describe, expect, it } from 'vitest';
import { backoffMs, outcomeOf } from '../../../server/notify/outcome.ts';

const now = Date.parse('2026-01-01T00:00:00.000Z');
const outcome = (status: number, retryAfter?: string, attempts = 0, chance = 0.5) =>
  outcomeOf({ status, retryAfter }, { attempts, chance, now });

describe('what an answer means', () => {
  it.each([200, 201, 202, 204])('%i: it is delivered', (status) => {
    expect(outcome(status)).toEqual({ kind: 'delivered' });
  });

  it.each([400, 401, 403, 404, 405, 413, 415, 422])('%i: this page will never be taken', (status) => {
    expect(outcome(status)).toMatchObject({ kind: 'refused' });
  });

  it.each([301, 302, 307, 308, 408, 425, 429, 500, 502, 503, 504])('%i: again later', (status) => {
    expect(outcome(status)).toMatchObject({ kind: 'later' });
  });

  it('410: nobody is there any more', () => {
    expect(outcome(410)).toMatchObject({ kind: 'gone' });
  });

  it.each([
    ['120', 120_000],
    ['Thu, 01 Jan 2026 00:05:00 GMT', 300_000],
    ['999999', 3_600_000],
    ['-5', 0],
    ['soon', 0],
    ['Thu, 01 Jan 2015 00:00:00 GMT', 0],
  ])('Retry-After: %s is kept for %i ms', (retryAfter, askedMs) => {
    expect(outcome(429, retryAfter, 0, 0)).toEqual({
      kind: 'later',
      error: 'it answered 429',
      afterMs: askedMs,
      askedMs,
    });
  });
});

it('waits twice as long each time, anything from nothing to all of it, and half an hour at most', () => {
  expect([0, 1, 2, 3].map((attempts) => backoffMs(attempts, 0.5))).toEqual([2_500, 5_000, 10_000, 20_000]);
  expect(backoffMs(0, 0)).toBe(0);
  expect(backoffMs(500, 0.999_999)).toBeLessThanOrEqual(1_800_000);
});
