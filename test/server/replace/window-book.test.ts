import fc from 'fast-check';
import { expect, it } from 'vitest';
import { closedBy, openWindowBook } from '../../../server/replace/windows.ts';
import { Policy } from '../../../shared/policy.ts';

const minuteMs = 60_000;
const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe');
const cron = fc.constantFrom('0 2 * * 1-5', '30 1 29 3 *', '0 0 * * *');
const duration = fc.constantFrom('1m', '10m', '3h', '26h');
const window = fc.oneof(
  fc.record({ allow: cron, duration, timeZone: zone }),
  fc.record({ deny: cron, duration, timeZone: zone }),
  fc.constant({ freeze: { from: '2026-03-29T00:10:00Z', until: '2026-03-29T03:00:00Z' } }),
);

it('says of a clock that goes forward whether windows are open as whoever looks each time', () => {
  let closed = 0;
  fc.assert(
    fc.property(
      fc.array(window, { minLength: 1, maxLength: 3 }),
      fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 5, maxLength: 12 }),
      fc.constantFrom(null, 10 * minuteMs),
      (windows, steps, typicalMs) => {
        const policy = Policy.parse({ kind: 'Policy', name: 'web', select: {}, windows });
        const book = openWindowBook();
        let now = Date.parse('2026-03-28T20:00:00Z');
        for (const minutes of steps) {
          now += minutes * minuteMs;
          const looked = closedBy(policy, 'drift', now, typicalMs);
          expect(book(policy, 'drift', now, typicalMs) === undefined).toBe(looked === undefined);
          if (looked !== undefined) closed += 1;
        }
      },
    ),
    { numRuns: 40 },
  );
  expect(closed).toBeGreaterThan(20);
});
