import { describe, expect, it } from 'vitest';
import { retryReplacement } from '../../server/replace/intervene.ts';
import { dyingAt } from '../support/crash.ts';
import { aReplacementWorld, newMachineOf, type ReplacementWorld } from '../support/replacement-world.ts';

const strategy = { verifyWithin: '60s', drainTimeout: '30s', soak: '5s', order: 'terminate-first' };
const by = { reason: 'seen', actor: 'somebody' };
const done = (world: ReplacementWorld) => async () => {
  const all = await world.replacements();
  return all.length > 0 && all.every(({ state }) => ['succeeded', 'failed', 'stuck'].includes(state));
};
const first = async (world: ReplacementWorld) => (await world.replacements())[0]!;

describe('terminate-first', () => {
  it('drains, terminates, launches, verifies, proves and soaks, with never more machines than before', async () => {
    const world = await aReplacementWorld({ strategy });
    await world.taint(world.instances[0]!);
    let most = 0;

    await world.until(world.control(), async () => {
      most = Math.max(most, world.provider.machines.size);
      return done(world)();
    });

    expect(await world.states((await first(world)).id)).toEqual([
      ...['reserved', 'draining', 'terminating', 'launching', 'verifying', 'proving', 'soaking', 'succeeded'],
    ]);
    expect(most).toBe(6);
    expect(world.provider.machines.size).toBe(6);
    const row = await world.db.selectFrom('replacement').select('proof').executeTakeFirstOrThrow();
    expect(row.proof).not.toBeNull();
  });

  it('has one down at a time where the budget is one', async () => {
    const world = await aReplacementWorld({ strategy });
    await world.taint(world.instances[0]!);
    await world.taint(world.instances[3]!);
    let fewest = 6;

    await world.until(world.control(), async () => {
      fewest = Math.min(fewest, world.provider.machines.size);
      return (await world.replacements()).filter(({ state }) => state === 'succeeded').length === 2;
    });

    expect(fewest).toBeGreaterThanOrEqual(5);
  });

  it('isolates in place of terminating what has to be kept', async () => {
    const world = await aReplacementWorld({ strategy, quarantine: { severity: 'high' } });
    await world.taint(world.instances[0]!);

    await world.until(world.control(), done(world));

    expect(await world.states((await first(world)).id)).toEqual([
      ...['reserved', 'draining', 'quarantining', 'launching', 'verifying', 'proving', 'soaking', 'succeeded'],
    ]);
    expect([...world.provider.machines.values()].filter(({ state }) => state === 'isolated')).toHaveLength(1);
  });

  it('gives the old machine back where something objects before it went', async () => {
    const world = await aReplacementWorld({ strategy });
    const [old] = world.instances;
    await world.taint(old!);
    const controller = world.control();
    world.provider.faultOf = (call) => (call === 'drain' ? 'after' : undefined);
    await controller.tick();
    await world.db
      .updateTable('instance')
      .set({ taint_severity: null, taint_at: null })
      .where('id', '=', old!)
      .execute();

    await world.until(controller, done(world));

    expect((await first(world)).state).toBe('failed');
    expect([...world.provider.machines.values()].every(({ state }) => state === 'running')).toBe(true);
  });

  it.each<[string, ReplacementWorld['agents']]>([
    ['never enrols', 'silent'],
    ['drifts at once', { verdict: 'drifted', taint_severity: 'high', taint_at: '2026-01-01T00:00:01.000Z' }],
  ])(
    'waits for a person where the new instance %s, keeps its budget, and launches anew when told',
    async (_, agents) => {
      const world = await aReplacementWorld({ strategy });
      await world.taint(world.instances[0]!);
      world.agents = agents;
      const controller = world.control();
      await world.until(controller, done(world), 400);
      const stuck = await first(world);
      await world.taint(world.instances[1]!);
      await controller.tick();
      const held = await world.replacements();
      await world.db.updateTable('instance_group').set({ breaker_at: null, breaker_cause: null }).execute();
      world.agents = {};

      await retryReplacement(world.db, { id: stuck.id, ...by }, world.clock.now());
      await world
        .until(controller, async () => (await first(world)).state !== 'stuck' && (await done(world)()), 400)
        .catch(() => {});

      expect(stuck.state).toBe('stuck');
      expect(held).toHaveLength(1);
      expect((await first(world)).state).toBe('succeeded');
      expect(newMachineOf(world.provider, stuck.id)).toMatchObject({ state: 'running' });
    },
  );

  it('comes through wherever the server dies', { timeout: 60_000 }, async () => {
    const whole = await aReplacementWorld({ strategy });
    const counting = dyingAt(Number.POSITIVE_INFINITY, whole.db, whole.provider);
    await whole.taint(whole.instances[0]!);
    await whole.until(whole.control(counting), done(whole));

    for (let moment = 1; moment <= counting.moments(); moment += 1) {
      const world = await aReplacementWorld({ strategy });
      await world.taint(world.instances[0]!);
      const dying = dyingAt(moment, world.db, world.provider);
      await world.until(world.control(dying), async () => dying.isDead() || (await done(world)()), 300).catch(() => {});

      await world.until(world.control(), done(world), 2_000);

      expect([moment, (await world.replacements()).at(-1)?.state]).toEqual([moment, 'succeeded']);
      expect([moment, world.provider.machines.size]).toEqual([moment, 6]);
      await world.db.destroy();
    }
  });
});

describe('a drain that takes too long', () => {
  const slow = async (drainDeadline: string) => {
    const world = await aReplacementWorld({ strategy: { ...strategy, order: 'launch-first', drainDeadline } });
    await world.taint(world.instances[0]!);
    let isSlow = true;
    world.provider.faultOf = (call) => (call === 'drain' && isSlow ? 'before' : undefined);
    const heal = () => {
      isSlow = false;
    };
    return { world, controller: world.control(), heal };
  };

  it('is rolled back by `abort`', async () => {
    const { world, controller } = await slow('abort');

    await world.until(controller, done(world));

    expect((await first(world)).state).toBe('failed');
  });

  it('is left behind by `force`', async () => {
    const { world, controller } = await slow('force');

    await world.until(controller, done(world));

    expect((await first(world)).state).toBe('succeeded');
  });

  it('is waited for by `wait`, and goes on when it is drained', async () => {
    const { world, controller, heal } = await slow('wait');
    await world.until(controller, async () => (await first(world))?.state === 'draining');
    for (let n = 0; n < 120; n += 1) {
      world.clock.advance(1_000);
      await controller.tick();
    }
    const waiting = await first(world);
    heal();

    await world.until(controller, done(world));

    expect(waiting.state).toBe('draining');
    expect((await first(world)).state).toBe('succeeded');
  });
});

describe('a replacement that fails', () => {
  it('is retried twice in one lineage, and then a person must look', async () => {
    const world = await aReplacementWorld();
    await world.taint(world.instances[0]!);
    world.agents = 'silent';
    const controller = world.control();
    await world.until(
      controller,
      async () => (await world.replacements()).filter(({ state }) => state === 'failed').length === 3,
      2_000,
    );
    for (let n = 0; n < 10; n += 1) {
      world.clock.advance(600_000);
      const at = new Date(world.clock.now()).toISOString();
      await world.db.updateTable('instance').set({ scan_finished_at: at }).execute();
      await controller.tick();
    }
    const rows = await world.db.selectFrom('replacement').select(['id', 'lineage', 'attempt']).orderBy('id').execute();
    const plan = await controller.plan('web');

    await retryReplacement(world.db, { id: rows[2]!.id, ...by }, world.clock.now());
    world.agents = {};
    await world.until(controller, async () => (await world.replacements()).at(-1)?.state === 'succeeded', 2_000);

    expect(rows.map(({ lineage, attempt }) => [lineage, attempt])).toEqual([1, 2, 3].map((n) => [rows[0]!.id, n]));
    expect(plan.blocked[0]?.blockers.map(({ kind }) => kind)).toContain('retries-spent');
    const last = await world.db
      .selectFrom('replacement')
      .select(['id', 'lineage', 'attempt'])
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    expect(last).toMatchObject({ lineage: last.id, attempt: 1 });
  });
});
