import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  endOfCost,
  openPace,
  openTurns,
  parseBytesPerSecond,
  parseCpuShare,
  stepBytes,
  takeTurn,
} from '../../../agent/collect/pace.ts';

const secondUs = 1_000_000;
const burstUs = 100_000;

describe('a pace', () => {
  it('is kept over any time, but for what was saved up for a tenth of a second', () => {
    const step = fc.record({
      pauseUs: fc.integer({ min: 0, max: 3 * secondUs }),
      costUs: fc.integer({ min: 1, max: 500_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
        let now = 0;
        let from = 0;
        const turns = steps.map(({ pauseUs, costUs }) => {
          now += pauseUs;
          const until = endOfCost(from, now, costUs);
          from = until;
          // Whoever has a turn waits until what was booked before it is over.
          now = Math.max(now, until - costUs);
          return { at: now, costUs };
        });

        for (const [first, { at: began }] of turns.entries()) {
          let used = 0;
          for (const { at, costUs } of turns.slice(first)) {
            // All that began before this turn is paid for by the time that has passed.
            expect(used).toBeLessThanOrEqual(at - began + burstUs);
            used += costUs;
          }
        }
      }),
    );
  });

  it('never waits where there is no limit', () => {
    const pace = openPace({});
    takeTurn(pace, Number.MAX_SAFE_INTEGER);

    expect([...pace.shared]).toEqual([0n, 0n, 0n]);
  });

  it('makes whoever reads wait until it was paid for', () => {
    const pace = openPace({ bytesPerSecondMax: 1_000_000 });
    const began = process.hrtime.bigint();
    // The first turn is free of waiting, and books what the second waits for.
    takeTurn(pace, 300_000);
    takeTurn(pace, 1);

    expect(Number(process.hrtime.bigint() - began) / 1e9).toBeGreaterThanOrEqual(0.19);
  });

  it('makes a process wait that has used more than its share', () => {
    const { user, system } = process.cpuUsage();
    const share = 0.5;
    const pace = openPace({ cpuShareMax: share });
    // Of all that this process has used so far, all but 50 ms is counted already.
    pace.shared[2] = BigInt(user + system - 50_000);
    const began = process.hrtime.bigint();

    takeTurn(pace, 0);

    // 50 ms at half a core take 100, and the burst of 100 ms covers them; the same again does not.
    pace.shared[2] = BigInt(process.cpuUsage().user + process.cpuUsage().system - 100_000);
    takeTurn(pace, 0);
    expect(Number(process.hrtime.bigint() - began) / 1e9).toBeGreaterThanOrEqual(0.19);
  });

  it('waits no longer than until it is stopped', () => {
    const pace = openPace({ bytesPerSecondMax: 1 });
    const stop = new Int32Array(new SharedArrayBuffer(4));
    takeTurn(pace, 1_000_000, stop);
    stop[0] = 1;

    takeTurn(pace, 1, stop);

    expect(pace.shared[0]).toBeGreaterThan(BigInt(secondUs));
  });

  it('is kept in steps of a tenth of a second, none smaller than a page', () => {
    const steps = [undefined, 50_000_000, 1_000_000, 64_000, 1].map((bytesPerSecondMax) =>
      stepBytes({ bytesPerSecondMax }, 524_288),
    );

    expect(steps).toEqual([524_288, 524_288, 100_000, 6_400, 4_096]);
  });
});

describe('limits as people write them', () => {
  it.each([
    ['50M', 50_000_000],
    ['64K', 64_000],
    ['2G', 2_000_000_000],
    ['500000', 500_000],
  ])('%s are bytes', (text, bytes) => {
    expect(parseBytesPerSecond(text)).toBe(bytes);
  });

  it.each([
    ['25%', 0.25],
    ['1%', 0.01],
    ['150%', 1.5],
  ])('%s are a share of a core', (text, share) => {
    expect(parseCpuShare(text)).toBe(share);
  });

  it.each(['', '0', '63K', '50MB', '50m', '-1M', '1.5M', 'none', '9999999999999', '999999999999G'])(
    '%j is no rate',
    (text) => {
      expect(parseBytesPerSecond(text)).toBeUndefined();
    },
  );

  it.each(['', '0%', '25', '0.25', '-5%', '1e2%', 'none', '9999999%'])('%j is no share', (text) => {
    expect(parseCpuShare(text)).toBeUndefined();
  });
});

describe('turns that block nobody', () => {
  const slept: number[] = [];
  const clock = { now: () => 0, monotonic: () => 0, sleep: async (ms: number) => void slept.push(ms) };
  const stop = new AbortController();

  it('wait as long as the bytes that were read take at the limit', async () => {
    const turn = openTurns({ bytesPerSecondMax: 1_000_000 }, clock, stop.signal);
    await turn(250_000);
    await turn(0);

    expect(slept).toEqual([250]);
  });

  it('wait as long as the CPU time that was used takes at its share', async () => {
    slept.length = 0;
    const turn = openTurns({ cpuShareMax: 0.001 }, clock, stop.signal);
    for (const { user, system } = process.cpuUsage(); ; ) {
      const now = process.cpuUsage();
      if (now.user + now.system - user - system > 2_000) break;
    }
    await turn(0);

    expect(slept[0]).toBeGreaterThan(2_000);
  });

  it('let others work where there is no limit, and end when they are told to', async () => {
    slept.length = 0;
    let worked = false;
    const turn = openTurns(undefined, clock, stop.signal);
    setImmediate(() => {
      worked = true;
    });
    await turn(1e9);
    stop.abort();

    await expect(turn(0)).rejects.toThrow();
    expect([worked, slept]).toEqual([true, []]);
  });
});
