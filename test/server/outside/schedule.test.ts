import { describe, expect, it } from 'vitest';
import { drawMoment, drawOne, triesMax, windowStart } from '../../../server/outside/lot.ts';
import { aSweptWorld, type OutsideWorld } from '../../support/outside-world.ts';
import { seededRandom } from '../../support/random.ts';
import { insertInstance } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

const dayMs = 86_400_000;

describe('the lot', () => {
  it('draws a moment of what is left of the window, and none for who has had his turn', () => {
    const now = 10 * dayMs + 1_000;
    const turn = { group: 'web', tried: 0, isMade: false };

    expect(drawMoment(turn, now, dayMs, () => 0)).toBe(now);
    expect(drawMoment(turn, now, dayMs, () => 0.999_999)).toBeLessThan(11 * dayMs);
    expect(drawMoment({ ...turn, isMade: true }, now, dayMs, () => 0)).toBeNull();
    expect(drawMoment({ ...turn, tried: triesMax }, now, dayMs, () => 0)).toBeNull();
  });

  it('draws each as likely as the other, and nobody of none', () => {
    const { next } = seededRandom(7);
    const drawn = Map.groupBy(
      Array.from({ length: 3_000 }, () => drawOne(['a', 'b', 'c'], next)),
      (one) => one,
    );

    for (const one of ['a', 'b', 'c']) expect(drawn.get(one)?.length).toBeGreaterThan(900);
    expect(drawOne([], next)).toBeUndefined();
  });

  it('has windows also before the epoch', () => {
    expect([windowStart(5, 10), windowStart(-5, 10), windowStart(20, 10)]).toEqual([0, -10, 20]);
  });
});

describe('scheduled looks', () => {
  const looks = (world: OutsideWorld) =>
    world.db
      .selectFrom('outside_look')
      .select(['instance_id', 'why', 'outcome', 'requested_at'])
      .orderBy('id')
      .execute();
  /** In steps that no window is shorter than, and time for what they set going. */
  async function pass(world: OutsideWorld, ms: number, stepMs = 600_000): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      world.clock.advance(stepMs);
      for (let turn = 0; turn < 40; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      await until(async () => (await looks(world)).every(({ outcome }) => outcome !== null));
    }
  }

  it('look at one instance of a group a day, at another hour each day', async () => {
    const { next } = seededRandom(3);
    const world = await aSweptWorld({ everyMs: dayMs, random: next });

    await pass(world, 6 * dayMs);

    const made = await looks(world);
    const days = made.map(({ requested_at }) => requested_at.slice(0, 10));
    expect(new Set(days).size).toBe(days.length);
    expect(days.length).toBeGreaterThanOrEqual(5);
    expect(new Set(made.map(({ requested_at }) => requested_at.slice(11, 13))).size).toBeGreaterThan(2);
    expect(made.every(({ why }) => why === 'scheduled')).toBe(true);
  });

  it('leave alone who came within the window, has not swept, or is on no known machine', async () => {
    const world = await aSweptWorld({ everyMs: dayMs, random: () => 0 });
    const others = [
      { enrolled_at: '2026-01-03T00:00:01.000Z' },
      { scan_id: null, enrolled_at: '2026-01-01T00:00:00.000Z' },
      { provider_id: null },
      { lifecycle: 'retired' as const },
    ];
    for (const other of others) await insertInstance(world.db, { image_digest: world.imageDigest, ...other });

    await pass(world, 2 * dayMs);

    expect(new Set((await looks(world)).map(({ instance_id }) => instance_id))).toEqual(new Set([world.instanceId]));
  });

  it('that fail are tried again within the window, and not for ever', async () => {
    const world = await aSweptWorld({ everyMs: dayMs, random: seededRandom(5).next });
    world.provider.faultOf = (call) => (call === 'snapshot' ? 'before' : undefined);

    await pass(world, dayMs);
    await pass(world, dayMs);

    const ofOneDay = (await looks(world)).filter(({ requested_at }) => requested_at.startsWith('2026-01-02'));
    expect(ofOneDay.length).toBeGreaterThan(0);
    expect(ofOneDay.length).toBeLessThanOrEqual(triesMax);
    expect(new Set(ofOneDay.map(({ outcome }) => outcome))).toEqual(new Set(['failed']));
  });

  it('are one in a window also for a server that is started again', async () => {
    const world = await aSweptWorld({ everyMs: dayMs, random: () => 0 });
    await pass(world, dayMs);
    const before = (await looks(world)).length;

    await world.restart();
    await pass(world, dayMs / 2);

    expect(before).toBeGreaterThan(0);
    expect((await looks(world)).length).toBe(before);
  });

  it('are none where nobody wants any', async () => {
    const world = await aSweptWorld({ everyMs: null });

    await pass(world, 2 * dayMs);

    expect(await looks(world)).toEqual([]);
  });
});
