import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startsPerHourMax } from '../../server/replace/budget.ts';
import { timestamp } from '../../shared/clock.ts';
import { aReplacementWorld, type ReplacementWorld } from '../support/replacement-world.ts';

const dayMs = 86_400_000;
const drift = (settle: string) => ({ triggers: [{ drift: { severity: 'low', settle } }] });
const count = async (world: ReplacementWorld) => (await world.replacements()).length;

describe('a clock that is set back by a day', () => {
  it('makes what was seen before settle once more, and not for a day', async () => {
    const world = await aReplacementWorld(drift('2m'));
    const controller = world.control();
    await controller.tick();
    await world.taint(world.instances[0]!);
    world.clock.advance(60_000);

    world.clock.jump(-dayMs);
    await sweep(world);
    await controller.tick();
    world.clock.advance(119_000);
    await controller.tick();
    expect(await count(world)).toBe(0);
    world.clock.advance(1_000);
    await controller.tick();

    expect(await count(world)).toBe(1);
  });

  it('does so for a server that starts after it, too', async () => {
    const world = await aReplacementWorld(drift('2m'));
    await world.taint(world.instances[0]!);
    world.clock.jump(-dayMs);
    await sweep(world);
    const controller = world.control();

    world.clock.advance(119_000);
    await controller.tick();
    expect(await count(world)).toBe(0);
    world.clock.advance(1_000);
    await controller.tick();

    expect(await count(world)).toBe(1);
  });

  it('has a replacement that is under way done again, and not waited for', async () => {
    const world = await aReplacementWorld();
    await world.taint(world.instances[0]!);
    world.provider.faultOf = (call, nth) => (call === 'launch' && nth === 1 ? 'before' : undefined);
    const controller = world.control();
    await controller.tick();

    world.clock.jump(-dayMs);
    await sweep(world);
    await world.until(controller, async () => (await world.replacements()).some(({ state }) => state === 'succeeded'));

    expect((await world.replacements()).map(({ state }) => state).sort()).toEqual(['failed', 'succeeded']);
    expect(world.provider.machines.size).toBe(6);
  });
});

describe('a clock that jumps', () => {
  it('makes no room for more starts than an hour has', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 1, maxLength: 4 }), async (jumps) => {
        const world = await aReplacementWorld({ budgets: [{ max: '100%' }] });
        const controller = world.control();
        const due = [...jumps];
        for (let second = 0; second < 1_800; second += 10) {
          await sweep(world);
          await taintOne(world);
          await controller.tick();
          await world.speak();
          world.clock.advance(10_000);
          if (second % 450 === 440) world.clock.jump((due.shift() ?? 0) * dayMs);
        }

        expect(await count(world)).toBeLessThanOrEqual(startsPerHourMax);
        expect(await count(world)).toBeGreaterThan(5);
      }),
      { numRuns: 4 },
    );
  });
});

/** What the server knows is fresh: the clock of evidence is not what these are about. */
async function sweep({ db, clock }: ReplacementWorld): Promise<void> {
  const active = await db
    .selectFrom('replacement')
    .select('id')
    .where('state', 'not in', ['succeeded', 'failed'])
    .execute();
  await db
    .updateTable('instance')
    .set({ scan_finished_at: timestamp(clock.now()) })
    // Whoever is being measured has just been.
    .where(({ or, eb }) =>
      or([eb('launch_key', 'is', null), eb('launch_key', 'not in', ['', ...active.map(({ id }) => `r-${id}`)])]),
    )
    .execute();
}

/** One of them at a time: much drift at once opens the breaker. */
async function taintOne(world: ReplacementWorld): Promise<void> {
  const rows = await world.db
    .selectFrom('instance')
    .select(['id', 'taint_at'])
    .where('lifecycle', '=', 'active')
    .execute();
  if (rows.every(({ taint_at: at }) => at === null)) await world.taint(rows[0]!.id);
}
