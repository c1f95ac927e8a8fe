import { describe, expect, it } from 'vitest';
import { createBackoff } from '../../../agent/report/backoff.ts';
import { seededRandom, testSeed } from '../../support/random.ts';

describe('the backoff', () => {
  it('doubles its bound up to the cap and begins anew after a reset', () => {
    const backoff = createBackoff({ baseMs: 1_000, capMs: 300_000 }, () => 1);

    const bounds = Array.from({ length: 11 }, () => backoff.next());
    backoff.reset();

    expect(bounds).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((s) => s * 1_000));
    expect(backoff.next()).toBe(1_000);
  });

  it('spreads attempts over the whole of its bound', () => {
    const random = seededRandom(testSeed());
    const delays = Array.from({ length: 2_000 }, () =>
      createBackoff({ baseMs: 1_000, capMs: 1_000 }, random.next).next(),
    );

    const inQuarter = [0, 1, 2, 3].map((quarter) => delays.filter((ms) => Math.floor(ms / 250) === quarter).length);

    for (const count of inQuarter) expect(count).toBeGreaterThan(400);
  });

  it('waits near the cap, and never past it, after a refusal', () => {
    expect(createBackoff({ baseMs: 1, capMs: 300_000 }, () => 0).longest()).toBeGreaterThan(200_000);
    expect(createBackoff({ baseMs: 1, capMs: 300_000 }, () => 1).longest()).toBeLessThanOrEqual(300_000);
  });

  it('spreads around what the server said, up to the cap, and counts it as no failure', () => {
    const [low, high] = [0, 1].map((random) => createBackoff({ baseMs: 1_000, capMs: 60_000 }, () => random));

    expect([low!.around(10_000), high!.around(10_000), high!.around(1e9)]).toEqual([5_000, 15_000, 60_000]);
    expect(high!.next()).toBe(1_000);
  });
});
