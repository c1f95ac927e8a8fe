import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BootFacts, bootSettleMs, cloudInitMsMax, decideSettled } from '../../../agent/settle/settled.ts';

const minute = 60_000;
const first = { kernelBoot: 'a', uptimeMs: 100 * minute };
const live = { first, isLive: true };
const apart = { first, isLive: false };

function facts(overrides: Partial<BootFacts> = {}): BootFacts {
  return { kernelBoot: 'a', uptimeMs: 100 * minute, bornMs: 0, cloudInit: 'absent', ...overrides };
}

describe('boot has settled', () => {
  it.each([
    ['at ten minutes', facts({ uptimeMs: 10 * minute }), 'time'],
    ['not before', facts({ uptimeMs: 10 * minute - 1 }), undefined],
    ['when cloud-init is done, however early', facts({ uptimeMs: 1, cloudInit: 'done' }), 'cloud-init'],
    ['not while cloud-init runs', facts({ uptimeMs: 59 * minute, cloudInit: 'running' }), undefined],
    ['when cloud-init has taken an hour', facts({ uptimeMs: 60 * minute, cloudInit: 'running' }), 'late'],
    ['ten minutes after a container began', facts({ uptimeMs: 5_010 * minute, bornMs: 5_000 * minute }), 'time'],
    ['not while a container is young', facts({ uptimeMs: 5_009 * minute, bornMs: 5_000 * minute }), undefined],
  ])('on a live root %s', (_what, now, by) => {
    expect(decideSettled(now, live)).toBe(by);
  });

  it.each([
    ['ten minutes after the first start', facts({ uptimeMs: 110 * minute }), 'time'],
    ['not at the first start, however long the machine runs', facts(), undefined],
    ['not before', facts({ uptimeMs: 110 * minute - 1 }), undefined],
    ['not early after a boot of the machine', facts({ kernelBoot: 'b', uptimeMs: 9 * minute }), undefined],
    ['ten minutes after a boot of the machine', facts({ kernelBoot: 'b', uptimeMs: 10 * minute }), 'time'],
    ['so also where the kernel tells no boot', facts({ uptimeMs: 10 * minute }), 'time'],
    ['when cloud-init is done', facts({ cloudInit: 'done' }), 'cloud-init'],
    ['when cloud-init has taken an hour', facts({ uptimeMs: 160 * minute, cloudInit: 'running' }), 'late'],
  ])('on another root %s', (_what, now, by) => {
    expect(decideSettled(now, apart)).toBe(by);
  });

  it('stays settled while time goes on, and always comes', () => {
    const someFacts = fc.record({
      kernelBoot: fc.constantFrom('a', 'b', null),
      uptimeMs: fc.nat(200 * minute),
      bornMs: fc.nat(200 * minute),
      cloudInit: fc.constantFrom('absent' as const, 'running' as const, 'done' as const),
    });
    fc.assert(
      fc.property(someFacts, someFacts, fc.boolean(), fc.nat(200 * minute), (begun, now, isLive, later) => {
        const origin = { first: begun, isLive };
        fc.pre(now.uptimeMs >= now.bornMs);
        const next = { ...now, uptimeMs: now.uptimeMs + later };

        if (decideSettled(now, origin) !== undefined && now.kernelBoot !== begun.kernelBoot) {
          expect(decideSettled(next, origin)).toBeDefined();
        }
        const end = Math.max(now.uptimeMs, begun.uptimeMs) + Math.max(bootSettleMs, cloudInitMsMax);
        expect(decideSettled({ ...now, uptimeMs: end }, origin)).toBeDefined();
      }),
    );
  });
});
