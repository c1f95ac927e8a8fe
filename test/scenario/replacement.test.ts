import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { findReplacement } from '../../server/store/views/replacements-view.ts';
import { verifyProof } from '../../shared/proof.ts';
import { type Crashing, dyingAt } from '../support/crash.ts';
import { aReplacementWorld, newMachineOf, type ReplacementWorld, signer } from '../support/replacement-world.ts';

const forever = Number.POSITIVE_INFINITY;
const ended = (world: ReplacementWorld) => async () => {
  const all = await world.replacements();
  return all.length > 0 && all.every(({ state }) => state === 'succeeded' || state === 'failed' || state === 'stuck');
};

describe('a replacement', () => {
  it('launches, verifies, drains, terminates, proves and soaks, in this order', async () => {
    const world = await aReplacementWorld();
    const [old] = world.instances;
    await world.taint(old!);
    const controller = world.control();

    await world.until(controller, ended(world));

    const [replacement] = await world.replacements();
    expect(await world.states(replacement!.id)).toEqual([
      ...['reserved', 'launching', 'verifying', 'draining', 'terminating', 'proving', 'soaking', 'succeeded'],
    ]);
    await expectOneReplaced(world, old!);
  });

  it('signs a proof that holds for whoever has the public key', async () => {
    const world = await aReplacementWorld();
    await world.taint(world.instances[0]!);

    await world.until(world.control(), ended(world));

    const id = (await world.replacements())[0]!.id;
    const view = await findReplacement(world.db, id);
    const { predicate } = verifyProof(view!.proof!, [createPublicKey(signer.publicPem)]);
    expect(predicate.old.instanceId).toBe(world.instances[0]);
    expect(predicate.new.instanceId).toBe(view!.newInstanceId);
    expect(predicate.scan.startedAt >= predicate.launchedAt).toBe(true);
  });

  it('keeps the predecessor, makes no proof and opens the breaker when the replacement drifts before its first clean scan', async () => {
    const world = await aReplacementWorld();
    const [old] = world.instances;
    await world.taint(old!);
    world.agents = { verdict: 'drifted', taint_severity: 'high', taint_at: '2026-01-01T00:00:01.000Z' };

    await world.until(world.control(), ended(world));

    const [replacement] = await world.replacements();
    expect(replacement?.state).toBe('failed');
    await expectPredecessorLives(world, old!);
    const group = await world.db.selectFrom('instance_group').selectAll().executeTakeFirstOrThrow();
    expect(group.breaker_cause).toContain('drifted itself');
    const row = await world.db.selectFrom('replacement').select('proof').executeTakeFirstOrThrow();
    expect(row.proof).toBeNull();
  });

  it.each<[string, ReplacementWorld['agents']]>([
    ['never enrols', 'silent'],
    ['never scans', { verdict: 'unverifiable', scan_id: null, coverage: null }],
    [
      'is scanned with a hole',
      {
        coverage: JSON.stringify({
          ...{ entries: 1, checked: 1, filesHashed: 1, bytesHashed: 1, mounts: [], skipped: [] },
          holes: [{ subject: 'file', name: '/x', reason: 'unreadable' }],
        }),
      },
    ],
    ['shows a scan from before the launch', { scan_started_at: '2025-12-31T23:59:59.999Z' }],
    ['is of another image', { image_digest: `sha256:${'0'.repeat(64)}` }],
    [
      'looked at nothing',
      {
        coverage: JSON.stringify({
          ...{ entries: 0, checked: 0, filesHashed: 0, bytesHashed: 0, mounts: [], skipped: [], holes: [] },
        }),
      },
    ],
  ])('is rolled back when the new instance %s', async (_, agents) => {
    const world = await aReplacementWorld();
    const [old] = world.instances;
    await world.taint(old!);
    world.agents = agents;

    await world.until(world.control(), ended(world));

    expect((await world.replacements())[0]?.state).toBe('failed');
    await expectPredecessorLives(world, old!);
  });

  it('stops before the point of no return when its drift is pardoned', async () => {
    const world = await aReplacementWorld();
    const [old] = world.instances;
    await world.taint(old!);
    world.agents = 'silent';
    const controller = world.control();
    await controller.tick();
    await world.db
      .updateTable('instance')
      .set({ taint_severity: null, taint_at: null })
      .where('id', '=', old!)
      .execute();
    world.agents = {};

    await world.until(controller, ended(world));

    expect((await world.replacements())[0]).toMatchObject({
      state: 'failed',
      error: 'its drift was pardoned or exempted',
    });
    await expectPredecessorLives(world, old!);
  });

  it('gives the old machine back to service when it rolls back after draining', async () => {
    const world = await aReplacementWorld();
    const [old] = world.instances;
    await world.taint(old!);
    const controller = world.control();
    world.provider.faultOf = (call) => {
      if (call !== 'drain') return undefined;
      for (const machine of world.provider.machines.values())
        if (machine.request) world.provider.set(machine.providerId, 'stopped');
      return undefined;
    };

    await world.until(controller, ended(world));

    expect((await world.replacements())[0]?.state).toBe('failed');
    await expectPredecessorLives(world, old!);
  });

  it('fails, opens the breaker, and ends no other machine when the new instance drifts while it soaks', async () => {
    const world = await aReplacementWorld();
    await world.taint(world.instances[0]!);
    const controller = world.control();
    await world.until(controller, async () => (await world.replacements())[0]?.state === 'soaking');
    const row = await world.db.selectFrom('replacement').select('new_instance_id').executeTakeFirstOrThrow();
    await world.taint(row.new_instance_id!);

    await world.until(controller, ended(world));

    expect((await world.replacements())[0]?.state).toBe('failed');
    expect(world.provider.machines.size).toBe(6);
    const group = await world.db.selectFrom('instance_group').selectAll().executeTakeFirstOrThrow();
    expect(group.breaker_cause).toContain('drifted itself');
  });

  it('waits for a person when the old machine cannot be ended, keeps its budget, and goes on when they have helped', async () => {
    const world = await aReplacementWorld();
    const [old, other] = world.instances;
    await world.taint(old!);
    const controller = world.control();
    world.provider.faultOf = (call) => (call === 'terminate' ? 'before' : undefined);
    await world.until(controller, ended(world), 400);
    const stuck = await world.replacements();
    await world.taint(other!);
    await controller.tick();
    const held = await world.replacements();

    world.provider.faultOf = () => undefined;
    const { old_provider_id } = await world.db
      .selectFrom('replacement')
      .select('old_provider_id')
      .executeTakeFirstOrThrow();
    await world.provider.terminate(undefined as never, old_provider_id);
    await world.until(controller, async () => (await world.replacements())[0]?.state === 'succeeded');

    expect(stuck.map(({ state }) => state)).toEqual(['stuck']);
    expect(held).toHaveLength(1);
  });

  it('replaces two, one after the other, under a budget of one', async () => {
    const world = await aReplacementWorld();
    await world.taint(world.instances[0]!);
    await world.taint(world.instances[3]!);
    let atOnce = 0;

    await world.until(world.control(), async () => {
      const all = await world.replacements();
      atOnce = Math.max(atOnce, all.filter(({ state }) => state !== 'succeeded').length);
      return all.filter(({ state }) => state === 'succeeded').length === 2;
    });

    expect(atOnce).toBe(1);
    expect(world.provider.machines.size).toBe(6);
    const blocked = await world.db.selectFrom('event').select('id').where('type', '=', 'replacement.blocked').execute();
    expect(blocked).toHaveLength(1);
  });
});

describe('a provider that fails', () => {
  it.each(['launch', 'drain', 'terminate', 'list'] as const)(
    'at first at %s, in any way, is asked again',
    async (call) => {
      for (const fault of ['before', 'after', 'twice'] as const) {
        const world = await aReplacementWorld();
        const [old] = world.instances;
        await world.taint(old!);
        world.provider.faultOf = (name, nth) => (name === call && nth <= 2 ? fault : undefined);

        await world.until(world.control(), ended(world));

        await expectOneReplaced(world, old!);
      }
    },
  );

  it('for ever at launch leaves the predecessor and waits before it tries the group again', async () => {
    const world = await aReplacementWorld();
    const [old] = world.instances;
    await world.taint(old!);
    world.provider.faultOf = (call) => (call === 'launch' ? 'before' : undefined);
    const controller = world.control();

    await world.until(controller, ended(world));
    await controller.tick();

    expect(await world.replacements()).toHaveLength(1);
    await expectPredecessorLives(world, old!);
    const plan = await controller.plan('web');
    expect(plan.blocked[0]?.blockers.map(({ kind }) => kind)).toEqual(['retry-backoff']);
  });

  it('with a launch that takes effect after it was given up, has that machine ended', async () => {
    const world = await aReplacementWorld();
    const [old] = world.instances;
    await world.taint(old!);
    world.provider.faultOf = (call) => (call === 'launch' ? 'before' : undefined);
    const controller = world.control();
    await world.until(controller, ended(world));
    const id = (await world.replacements())[0]!.id;
    world.provider.faultOf = () => undefined;
    const group = JSON.parse(
      (await world.db.selectFrom('instance_group').select('spec').executeTakeFirstOrThrow()).spec,
    );
    await world.provider.launch({ group, image: 'web@7', key: `r-${id}`, serverUrl: '', joinToken: '' });
    expect(newMachineOf(world.provider, id)).toBeDefined();

    await controller.tick();

    expect(newMachineOf(world.provider, id)).toBeUndefined();
    await expectPredecessorLives(world, old!);
  });

  it('that hangs in one group holds up no other', async () => {
    const world = await aReplacementWorld();
    const { db, clock } = world;
    const spec = JSON.parse((await db.selectFrom('instance_group').select('spec').executeTakeFirstOrThrow()).spec);
    await db
      .insertInto('instance_group')
      .values({ name: 'hung', spec: JSON.stringify({ ...spec, name: 'hung' }), version: 1, updated_at: '' })
      .execute();
    const hung = { ...world.provider, list: () => new Promise<never>(() => {}) };
    const controller = world.control({
      provider: {
        ...world.provider,
        list: (group) => (group.name === 'hung' ? hung.list() : world.provider.list(group)),
      },
    });
    await world.taint(world.instances[0]!);
    const beat = setInterval(() => clock.advance(500), 1);

    await world.until(controller, ended(world)).finally(() => clearInterval(beat));

    await expectOneReplaced(world, world.instances[0]!);
  });
});

describe('kill -9 at any moment', () => {
  it('ends with one replacement, one retirement and no orphan', { timeout: 300_000 }, async () => {
    const moments = await momentsOfOneRun();
    expect(moments).toBeGreaterThan(25);

    for (let moment = 1; moment <= moments; moment += 1) {
      const world = await aReplacementWorld();
      const [old] = world.instances;
      await world.taint(old!);
      const dying = dyingAt(moment, world.db, world.provider);
      await runUntilDead(world, dying);
      expect(dying.isDead(), `moment ${moment}`).toBe(true);

      await world.until(world.control(), ended(world));

      await expectOneReplaced(world, old!, `killed at moment ${moment}`);
    }
  });

  it('twice in a row changes nothing of that', { timeout: 300_000 }, async () => {
    const moments = await momentsOfOneRun();

    for (let moment = 2; moment < moments; moment += 3) {
      const world = await aReplacementWorld();
      const [old] = world.instances;
      await world.taint(old!);
      for (const next of [moment, 2]) {
        await runUntilDead(world, dyingAt(next, world.db, world.provider));
      }

      await world.until(world.control(), ended(world));

      await expectOneReplaced(world, old!, `killed at moment ${moment}, and again`);
    }
  });

  it('while it rolls back leaves the predecessor and nothing else', { timeout: 300_000 }, async () => {
    const drifted = { verdict: 'drifted', taint_severity: 'high', taint_at: '2026-01-01T00:00:01.000Z' } as const;
    const moments = await momentsOfOneRun(drifted);

    for (let moment = 1; moment <= moments; moment += 1) {
      const world = await aReplacementWorld();
      const [old] = world.instances;
      await world.taint(old!);
      world.agents = drifted;
      const dying = dyingAt(moment, world.db, world.provider);
      await runUntilDead(world, dying);

      await world.until(world.control(), ended(world));

      expect((await world.replacements()).map(({ state }) => state)).toEqual(['failed']);
      await expectPredecessorLives(world, old!);
    }
  });
});

/** What the dead process would have said is heard by nobody. */
async function runUntilDead(world: ReplacementWorld, dying: Crashing): Promise<void> {
  const controller = world.control(dying);
  const mortal = { ...controller, tick: () => controller.tick().catch(() => {}) };
  await world.until(mortal, async () => dying.isDead() || (await ended(world)()));
}

async function momentsOfOneRun(agents: ReplacementWorld['agents'] = {}): Promise<number> {
  const world = await aReplacementWorld();
  await world.taint(world.instances[0]!);
  world.agents = agents;
  const living = dyingAt(forever, world.db, world.provider);
  await world.until(world.control(living), ended(world));
  return living.moments();
}

async function expectOneReplaced(world: ReplacementWorld, old: string, when = ''): Promise<void> {
  const { db, provider } = world;
  const [replacement, ...others] = await db.selectFrom('replacement').selectAll().execute();
  expect(others, when).toEqual([]);
  expect(replacement, when).toMatchObject({ state: 'succeeded', old_instance_id: old, error: null });
  expect(replacement!.proof, when).not.toBeNull();
  expect([...provider.machines.keys()].sort(), when).toHaveLength(6);
  expect(provider.machines.has(replacement!.old_provider_id), when).toBe(false);
  expect(provider.machines.has(replacement!.new_provider_id!), when).toBe(true);
  const made = provider.effects.filter((effect) => effect.startsWith('launch'));
  const gone = provider.effects.filter((effect) => effect.startsWith('terminate'));
  expect([made, gone], when).toEqual([[`launch r-${replacement!.id}`], [`terminate ${replacement!.old_provider_id}`]]);
  const retired = await db.selectFrom('instance').select('id').where('lifecycle', '=', 'retired').execute();
  expect(retired, when).toEqual([{ id: old }]);
  const retirements = await db.selectFrom('event').select('id').where('type', '=', 'instance.retired').execute();
  expect(retirements, when).toHaveLength(1);
  const replacing = await db.selectFrom('instance').select('id').where('lifecycle', '=', 'replacing').execute();
  expect(replacing, when).toEqual([]);
}

async function expectPredecessorLives({ db, provider }: ReplacementWorld, old: string): Promise<void> {
  const row = await db.selectFrom('instance').selectAll().where('id', '=', old).executeTakeFirstOrThrow();
  expect(row.lifecycle).toBe('active');
  expect(provider.machines.get(row.provider_id!)?.state).toBe('running');
  expect(provider.machines.size).toBe(6);
  const living = await db.selectFrom('instance').select('id').where('lifecycle', '!=', 'retired').execute();
  expect(living).toHaveLength(6);
  expect(await db.selectFrom('join_token').select('id').execute()).toEqual([]);
}
