import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closedBy, isClosedSince } from '../../../server/replace/windows.ts';
import { Policy } from '../../../shared/policy.ts';
import type { Window } from '../../../shared/window.ts';

const minuteMs = 60_000;
const nights: Window = { allow: '0 2 * * 1-5', duration: '4h', timeZone: 'Europe/Berlin' };
const holidays: Window = { deny: '0 0 24 12 *', duration: '72h', timeZone: 'UTC' };
const sale: Window = {
  freeze: { from: '2026-11-27T00:00:00+01:00', until: '2026-11-28T00:00:00+01:00' },
  reason: 'the sale',
};
const at = (text: string) => Date.parse(text);

function policy(...windows: readonly unknown[]): Policy {
  return Policy.parse({ kind: 'Policy', name: 'web', select: { group: 'web' }, windows });
}

const closed = (text: string, ...windows: readonly unknown[]) => closedBy(policy(...windows), 'drift', at(text));

describe('how long windows have been closed', () => {
  it.each([
    ['never open', [{ deny: '* * * * *', duration: '1h', timeZone: 'UTC' }], true],
    ['frozen for a century', [{ freeze: { from: '2000-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z' } }], true],
    ['open at night', [nights], false],
    [
      'open for a day, nine years ago',
      [{ freeze: { from: '2017-06-02T00:00:00Z', until: '2100-01-01T00:00:00Z' } }],
      false,
    ],
  ] as const)(
    'is known at once for as long as a policy may ask: %s',
    { timeout: 3_000 },
    (_what, windows, expected) => {
      expect(isClosedSince(policy(...windows), 'drift', at('2026-06-01T12:00:00Z'), 3_650 * 86_400_000)).toBe(expected);
    },
  );

  it('is what every minute says', () => {
    const windows = policy(nights, holidays, sale, { deny: '*/7 3 * * *', duration: '3m', timeZone: 'Asia/Kolkata' });
    const closedAtEvery = (now: number, minutes: number) => {
      for (let n = 0; n <= minutes; n += 1)
        if (closedBy(windows, 'drift', now - n * minuteMs) === undefined) return false;
      return true;
    };
    const moments = fc.integer({ min: at('2026-11-20T00:00Z') / minuteMs, max: at('2026-12-31T00:00Z') / minuteMs });

    fc.assert(
      fc.property(moments, fc.nat({ max: 240 }), (minute, minutes) => {
        const now = minute * minuteMs;
        expect(isClosedSince(windows, 'drift', now, minutes * minuteMs)).toBe(closedAtEvery(now, minutes));
      }),
      { numRuns: 20 },
    );
  });
});

describe('the windows of a policy', () => {
  it('are always open where there are none', () => expect(closed('2026-01-01T00:00Z')).toBeUndefined());

  it.each([
    ['2026-06-01T00:00:00Z', undefined],
    ['2026-06-01T03:59:59Z', undefined],
    ['2026-06-01T04:00:00Z', '2026-06-02T00:00:00Z'],
    ['2026-05-31T23:59:59Z', '2026-06-01T00:00:00Z'],
    // A Saturday.
    ['2026-06-06T00:30:00Z', '2026-06-08T00:00:00Z'],
  ])('allow from their start to just before their end: %s', (text, until) => {
    expect(closed(text, nights)?.until).toBe(until && at(until));
  });

  it('are open where one of several never closes', () => {
    const always = { allow: '0 0 * * *', duration: '26h', timeZone: 'UTC' };

    expect(closed('2026-06-01T12:00:00Z', always, nights)).toBeUndefined();
  });

  it('deny whatever is allowed', () => {
    expect(closed('2026-12-24T02:00Z', nights, holidays)).toEqual({
      message: 'policy web: denied until 2026-12-27T00:00:00.000Z',
      until: at('2026-12-27T00:00Z'),
    });
  });

  it('freeze once, with the reason', () => {
    expect(closed('2026-11-27T12:00Z', sale)?.message).toBe(
      'policy web: frozen (the sale) until 2026-11-27T23:00:00.000Z',
    );
    expect(closed('2026-11-27T23:00Z', sale)).toBeUndefined();
    expect(closed('2025-11-27T12:00Z', sale)).toBeUndefined();
  });

  it('hold for the triggers that they name', () => {
    const forOutdated = { ...nights, triggers: ['outdated'] };

    expect(closedBy(policy(forOutdated), 'drift', at('2026-06-01T12:00Z'))).toBeUndefined();
    expect(closedBy(policy(forOutdated), 'outdated', at('2026-06-01T12:00Z'))).toBeDefined();
  });

  it.each([
    ['the window closes', [nights], '2026-06-01T03:54Z'],
    ['a freeze begins', [sale], '2026-11-26T22:54Z'],
    ['a deny begins', [holidays], '2026-12-23T23:54Z'],
  ])('are closed to what would not be past the point of no return when %s', (_, windows, text) => {
    const ask = (typicalMs: number) => closedBy(policy(...windows), 'drift', at(text), typicalMs);

    expect(ask(14 * minuteMs)?.message).toContain('typically takes 14 min, and the window closes in 6 min');
    expect(ask(6 * minuteMs)).toBeUndefined();
  });

  it('do not close where another opens', () => {
    const mornings = { allow: '0 6 * * 1-5', duration: '1h', timeZone: 'Europe/Berlin' };

    expect(closedBy(policy(nights, mornings), 'drift', at('2026-06-01T03:54Z'), 14 * minuteMs)).toBeUndefined();
  });

  it('never permit more with one more deny', () => {
    fc.assert(
      fc.property(fc.integer({ min: at('2026-01-01T00:00Z'), max: at('2027-01-01T00:00Z') }), (moment) => {
        const before = closedBy(policy(nights), 'drift', moment);
        const after = closedBy(policy(nights, holidays, sale), 'drift', moment);

        if (before !== undefined) expect(after).toBeDefined();
      }),
    );
  });

  it.each([
    ['2026-06-01T04:29Z', false],
    ['2026-06-01T04:31Z', true],
    ['2026-06-01T03:00Z', false],
  ])('say whether they have been closed for half an hour: %s', (text, expected) => {
    expect(isClosedSince(policy(nights), 'drift', at(text), 30 * minuteMs)).toBe(expected);
  });
});

describe('a policy is refused', () => {
  it.each([
    ['for a zone that nobody knows', { ...nights, timeZone: 'Europe/Atlantis' }, /IANA/],
    ['for a date that never comes', { ...nights, allow: '0 0 30 2 *' }, /no such day/],
    ['for a window that is never open', { ...nights, duration: '30s' }, /a minute or more/],
    [
      'for a freeze that ends before it begins',
      { freeze: { from: sale.freeze.until, until: sale.freeze.from } },
      /end/,
    ],
    ['for what both allows and denies', { ...nights, deny: '0 0 * * *' }, /./],
    ['for no zone', { allow: '0 0 * * *', duration: '1h' }, /./],
  ])('%s', (_, window, why) => {
    const result = Policy.safeParse({ kind: 'Policy', name: 'web', select: {}, windows: [window] });

    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error?.issues)).toMatch(why);
  });
});
