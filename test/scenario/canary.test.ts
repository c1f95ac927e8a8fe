import { describe, expect, it } from 'vitest';
import { promoteImage, rollBackImage } from '../../server/fleet/promote.ts';
import { applyDocument } from '../../server/store/apply.ts';
import { readEventsOf } from '../../server/store/event-store.ts';
import { resetBreaker } from '../../server/store/group-store.ts';
import { findRollout, resumeRollout } from '../../server/store/rollout-store.ts';
import { timestamp } from '../../shared/clock.ts';
import { digestOf } from '../../shared/digest.ts';
import { aGroup } from '../support/builders.ts';
import { aReplacementWorld, type ReplacementWorld } from '../support/replacement-world.ts';
import { insertImage } from '../support/rows.ts';

const by = { group: 'web', actor: 'admin', reason: null };
const web8 = digestOf('image web@8');

async function aWorld(canary?: object): Promise<ReplacementWorld> {
  const world = await aReplacementWorld({
    ...{ triggers: [{ outdated: true }], budgets: [{ max: 6 }] },
    strategy: { verifyWithin: '60s', drainTimeout: '30s', soak: '5s' },
  });
  await insertImage(world.db, { digest: web8, version: '8' });
  await applyDocument(world.db, aGroup(canary && { canary: canary as never }), timestamp(world.clock.now()));
  return world;
}

const promote = (world: ReplacementWorld, channel: 'stable' | 'canary', more: object = {}) =>
  promoteImage(world.db, { ...by, channel, image: 'web@8', ...more }, world.clock.now());

async function countOf(world: ReplacementWorld, digest: string): Promise<number> {
  const rows = await world.db
    .selectFrom('instance')
    .select('id')
    .where('image_digest', '=', digest)
    .where('lifecycle', '!=', 'retired')
    .execute();
  return rows.length;
}

async function pass(world: ReplacementWorld, controller: ReturnType<ReplacementWorld['control']>, seconds: number) {
  for (let second = 0; second < seconds; second += 5) {
    await controller.tick();
    await world.speak();
    world.clock.advance(5_000);
  }
}

describe('canaries', () => {
  it('come first, soak, and only then the rest follows', async () => {
    const world = await aWorld({ count: 2, soak: '10m' });
    await promote(world, 'stable');
    const controller = world.control();

    await pass(world, controller, 300);
    const early = await countOf(world, web8);
    await pass(world, controller, 600);

    expect([early, await countOf(world, web8)]).toEqual([2, 6]);
    const told = await readEventsOf(world.db, ['rollout.soaked'], { afterId: 0, upToId: 100_000 });
    expect(told.map(({ data }) => data['image'])).toEqual(['web@8']);
  });

  it('become stable by a command, which waits for their soak unless it is forced with a reason', async () => {
    const world = await aWorld({ count: 1, soak: '10m' });
    await promote(world, 'canary');
    const controller = world.control();
    await pass(world, controller, 60);

    await expect(promote(world, 'stable')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(promote(world, 'stable', { force: true })).rejects.toMatchObject({ code: 'USAGE' });
    expect(await countOf(world, web8)).toBe(1);
    await promote(world, 'stable', { force: true, reason: 'it cannot wait' });
    await pass(world, controller, 120);

    expect(await countOf(world, web8)).toBe(6);
  });
});

describe('a bad image', () => {
  it('goes no further than its canaries, whoever resets the breaker', async () => {
    const world = await aWorld({ count: 2, soak: '10m' });
    await promote(world, 'stable');
    const controller = world.control();
    await pass(world, controller, 60);
    const at = timestamp(world.clock.now());
    for (const { id } of await world.db.selectFrom('instance').select('id').where('image_digest', '=', web8).execute())
      await world.taint(id);
    await pass(world, controller, 10);
    await resetBreaker(world.db, 'web', 'seen', at).catch(() => {});

    await pass(world, controller, 900);

    expect(await countOf(world, web8)).toBe(2);
    expect((await findRollout(world.db, 'web', 'web@8'))?.paused?.cause).toContain('2 of 2 of web@8');
  });

  it('whose new instances never come up pauses, and goes on when a person says so', async () => {
    const world = await aWorld();
    await promote(world, 'stable');
    world.agents = 'silent';
    const controller = world.control();
    await pass(world, controller, 400);
    const begun = (await world.replacements()).length;
    world.agents = {};
    await pass(world, controller, 1_000);
    const paused = [await countOf(world, web8), (await world.replacements()).length];

    await resumeRollout(world.db, { ...by, image: 'web@8', reason: 'their disks were full' }, world.clock.now());
    await pass(world, controller, 1_500);

    expect([begun > 1, paused]).toEqual([true, [0, begun]]);
    expect(await countOf(world, web8)).toBe(6);
  });

  it('is left in the middle of its rollout: what is under way goes back before there is no way back', async () => {
    const world = await aWorld();
    await promote(world, 'stable');
    world.agents = 'silent';
    const controller = world.control();
    await pass(world, controller, 5);

    await rollBackImage(world.db, by, world.clock.now());
    world.agents = {};
    await pass(world, controller, 30);

    const ended = await world.replacements();
    expect(ended.length).toBeGreaterThan(0);
    for (const { state, error } of ended)
      expect([state, error]).toEqual(['failed', 'web@8 is not promoted in group web any more']);
    expect(world.provider.machines.size).toBe(6);
  });
});
