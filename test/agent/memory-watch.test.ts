import pino from 'pino';
import { describe, expect, it } from 'vitest';
import type { MemorySigns } from '../../agent/host/memory-signs.ts';
import { createMemoryWatch, whyShort } from '../../agent/memory-watch.ts';
import { createFakeClock } from '../support/fake-clock.ts';

describe('the watch on memory', () => {
  it('makes the agent small when memory is short, and again each minute while it is', () => {
    const { watch, clock, signs, shrunk } = aWatch();
    expect(watch.look()).toBeUndefined();

    signs.machineStalled = 0.4;
    clock.advance(15_000);
    expect(watch.look()).toMatchObject({ since: '2026-01-01T00:00:15.000Z', why: expect.stringContaining('40 %') });
    for (let n = 0; n < 8; n++) {
      clock.advance(15_000);
      watch.look();
    }

    expect(shrunk()).toBe(3);
    signs.machineStalled = 0;
    clock.advance(15_000);
    expect(watch.look()).toBeUndefined();
  });

  it('looks no more often than it has to', () => {
    const { watch, clock, reads } = aWatch();

    for (let n = 0; n < 100; n++) {
      clock.advance(100);
      watch.look();
    }

    expect(reads()).toBe(1);
  });

  it.each<[MemorySigns, boolean, boolean]>([
    [{}, false, false],
    [{ machineStalled: 0.09, groupStalled: 0.09, groupUsed: 0.89 }, false, false],
    [{ machineStalled: 0.1 }, false, true],
    [{ groupStalled: 0.1 }, false, true],
    [{ groupUsed: 0.9 }, false, true],
    [{ machineStalled: 0.08 }, true, true],
    [{ machineStalled: 0.07, groupUsed: 0.6 }, true, false],
  ])('takes %o, after a shortage %s, for short: %s', (signs, wasShort, isShort) => {
    expect(whyShort(signs, wasShort) !== undefined).toBe(isShort);
  });
});

function aWatch() {
  const clock = createFakeClock();
  const signs: { machineStalled?: number } = {};
  let [shrunk, reads] = [0, 0];
  const watch = createMemoryWatch({
    read: () => {
      reads++;
      return signs;
    },
    shrink: () => {
      shrunk++;
    },
    clock,
    log: pino({ enabled: false }),
  });
  return { watch, clock, signs, shrunk: () => shrunk, reads: () => reads };
}
