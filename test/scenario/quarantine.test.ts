import { describe, expect, it } from 'vitest';
import { extendQuarantine, releaseQuarantine, startQuarantine } from '../../server/fleet/quarantine.ts';
import { abortReplacement, retryReplacement } from '../../server/replace/intervene.ts';
import { findOrphans } from '../../server/replace/orphans.ts';
import { aGroup } from '../support/builders.ts';
import { dyingAt } from '../support/crash.ts';
import { aReplacementWorld, type ReplacementWorld } from '../support/replacement-world.ts';

const quarantine = { severity: 'critical', keepFor: '72h', max: 2 };
const hourMs = 3_600_000;
const by = { reason: 'case 17', actor: 'somebody' };

const machineOf = async ({ db }: ReplacementWorld, instanceId: string) => {
  const row = await db
    .selectFrom('instance')
    .select('provider_id')
    .where('id', '=', instanceId)
    .executeTakeFirstOrThrow();
  return row.provider_id!;
};
const lifecycleOf = async ({ db }: ReplacementWorld, id: string) =>
  (await db.selectFrom('instance').select('lifecycle').where('id', '=', id).executeTakeFirstOrThrow()).lifecycle;
const quarantines = ({ db }: ReplacementWorld) => db.selectFrom('quarantine').selectAll().orderBy('id').execute();
const allDone = (world: ReplacementWorld) => async () => {
  const all = await world.replacements();
  return all.length > 0 && all.every(({ state }) => ['succeeded', 'failed', 'stuck'].includes(state));
};
/** Agents sweep, ticks pass: what is known stays fresh. */
async function pass(world: ReplacementWorld, ms: number) {
  world.clock.advance(ms);
  const at = new Date(world.clock.now()).toISOString();
  await world.db.updateTable('instance').set({ scan_finished_at: at }).where('lifecycle', '=', 'active').execute();
  for (let tick = 0; tick < 4; tick += 1) {
    await controllerOf(world).tick();
    world.clock.advance(1_000);
  }
}
const controllers = new WeakMap<ReplacementWorld, ReturnType<ReplacementWorld['control']>>();
function controllerOf(world: ReplacementWorld) {
  const controller = controllers.get(world) ?? world.control();
  controllers.set(world, controller);
  return controller;
}

describe('a machine with critical drift', () => {
  it('is isolated and its disk kept in place of being ended, until its time is over', async () => {
    const world = await aReplacementWorld({ quarantine });
    const [old] = world.instances;
    const machine = await machineOf(world, old!);
    await world.taint(old!, 'critical');

    await world.until(controllerOf(world), allDone(world));

    const [replacement] = await world.replacements();
    expect(await world.states(replacement!.id)).toEqual([
      ...['reserved', 'launching', 'verifying', 'draining', 'quarantining', 'proving', 'soaking', 'succeeded'],
    ]);
    expect(world.provider.machines.get(machine)).toMatchObject({ state: 'isolated' });
    expect([...world.provider.kept.values()]).toMatchObject([{ providerId: machine }]);
    expect(await lifecycleOf(world, old!)).toBe('quarantined');
    await pass(world, 71 * hourMs);
    expect(world.provider.machines.has(machine)).toBe(true);
    await pass(world, 2 * hourMs);
    expect(world.provider.machines.has(machine)).toBe(false);
    expect(world.provider.kept.size).toBe(0);
    expect(await lifecycleOf(world, old!)).toBe('retired');
    expect(await quarantines(world)).toMatchObject([{ state: 'ended' }]);
  });

  it('is ended as ever where its drift is less grave', async () => {
    const world = await aReplacementWorld({ quarantine });
    await world.taint(world.instances[0]!, 'high');

    await world.until(controllerOf(world), allDone(world));

    expect(await quarantines(world)).toEqual([]);
    expect(world.provider.machines.size).toBe(6);
  });

  it('is kept also where it is replaced for its age: who is drifted need not only grow old', async () => {
    const world = await aReplacementWorld({ quarantine, triggers: [{ olderThan: '1h' }], budgets: [{ max: 1 }] });
    const [old] = world.instances;
    await world.taint(old!, 'critical');
    await pass(world, 2 * hourMs);

    await world.until(controllerOf(world), async () => (await quarantines(world)).length === 1, 4_000);

    expect(await quarantines(world)).toMatchObject([{ instance_id: old }]);
  });

  it('is kept where it became critical on the way, and goes nowhere where no place is left', async () => {
    const world = await aReplacementWorld({ quarantine: { ...quarantine, max: 1 } });
    const [old, other] = world.instances;
    await world.taint(other!, 'critical');
    await world.until(controllerOf(world), allDone(world));
    await world.taint(old!, 'high');
    world.agents = 'silent';
    await controllerOf(world).tick();
    await world.taint(old!, 'critical');
    world.agents = {};

    await world.until(controllerOf(world), allDone(world));

    expect((await world.replacements())[1]).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('places'),
    });
    expect(await lifecycleOf(world, old!)).toBe('active');
  });

  it('comes through wherever the server dies, and its evidence with it', { timeout: 180_000 }, async () => {
    const whole = await aReplacementWorld({ quarantine });
    const counting = dyingAt(Number.POSITIVE_INFINITY, whole.db, whole.provider);
    await whole.taint(whole.instances[0]!, 'critical');
    await whole.until(whole.control(counting), allDone(whole));

    for (let moment = 1; moment <= counting.moments(); moment += 1) {
      const world = await aReplacementWorld({ quarantine });
      const [old] = world.instances;
      const machine = await machineOf(world, old!);
      await world.taint(old!, 'critical');
      const dying = dyingAt(moment, world.db, world.provider);
      const first = world.control(dying);
      await world.until(first, async () => dying.isDead() || (await allDone(world)()), 300).catch(() => {});

      await world.until(controllerOf(world), allDone(world), 2_000);

      expect([moment, (await world.replacements()).at(-1)?.state]).toEqual([moment, 'succeeded']);
      expect([moment, world.provider.machines.get(machine)?.state]).toEqual([moment, 'isolated']);
      expect([moment, world.provider.kept.size]).toEqual([moment, 1]);
      await world.db.destroy();
    }
  });

  it.each(['isolate', 'keepSnapshot'] as const)(
    'waits for a person where it cannot %s, and goes on when it can',
    async (call) => {
      const world = await aReplacementWorld({ quarantine });
      await world.taint(world.instances[0]!, 'critical');
      world.provider.faultOf = (name) => (name === call ? 'before' : undefined);
      await world.until(controllerOf(world), allDone(world), 1_000);
      const stuck = await world.replacements();
      const machines = world.provider.machines.size;

      world.provider.faultOf = () => undefined;
      await retryReplacement(world.db, { id: stuck[0]!.id, ...by }, world.clock.now());
      await world.until(controllerOf(world), allDone(world), 1_000);

      expect(stuck).toMatchObject([{ state: 'stuck' }]);
      expect(machines).toBe(7);
      expect((await world.replacements())[0]?.state).toBe('succeeded');
    },
  );
});

describe('a list that leaves out for a while a machine that is kept', () => {
  const hiding = (world: ReplacementWorld, machine: string) => {
    const { provider } = world;
    const hidden = new Set([machine]);
    const list: typeof provider.list = async (group) =>
      (await provider.list(group)).filter(({ providerId }) => !hidden.has(providerId));
    controllers.set(world, world.control({ provider: { ...provider, list } }));
    return hidden;
  };

  it('lets nobody take its evidence for lost: it is isolated and copied all the same', async () => {
    const world = await aReplacementWorld({ quarantine });
    const [old] = world.instances;
    const machine = await machineOf(world, old!);
    hiding(world, machine);

    await startQuarantine(world.db, { instanceId: old!, ...by }, world.clock.now());
    await pass(world, 1_000);

    expect(world.provider.machines.get(machine)?.state).toBe('isolated');
    expect(await quarantines(world)).toMatchObject([{ state: 'kept', error: null }]);
    expect(await lifecycleOf(world, old!)).toBe('quarantined');
  });

  it('ends it only by a call that ends it, once it is released', async () => {
    const world = await aReplacementWorld({ quarantine });
    const [old] = world.instances;
    const machine = await machineOf(world, old!);
    await startQuarantine(world.db, { instanceId: old!, ...by }, world.clock.now());
    await pass(world, 1_000);
    hiding(world, machine);
    world.provider.faultOf = (call) => (call === 'terminate' ? 'before' : undefined);

    await releaseQuarantine(world.db, { instanceId: old!, ...by }, world.clock.now());
    await pass(world, 1_000);
    const between = await quarantines(world);
    world.provider.faultOf = () => undefined;
    await pass(world, 60_000);

    expect(between).toMatchObject([{ state: 'ending' }]);
    expect(await quarantines(world)).toMatchObject([{ state: 'ended' }]);
    expect(world.provider.machines.has(machine)).toBe(false);
    expect(world.provider.kept.size).toBe(0);
  });

  it('is believed where the provider says again and again that there is no such machine', async () => {
    const world = await aReplacementWorld({ quarantine });
    const [old] = world.instances;
    await startQuarantine(world.db, { instanceId: old!, ...by }, world.clock.now());
    await world.provider.terminate(aGroup(), await machineOf(world, old!));

    await pass(world, 1_000);
    const early = await quarantines(world);
    for (let turn = 0; turn < 40; turn += 1) await pass(world, 10_000);

    expect(early).toMatchObject([{ state: 'copying' }]);
    expect(await quarantines(world)).toMatchObject([{ state: 'ended', error: expect.stringContaining('lost') }]);
  });
});

describe('the places of a group', () => {
  it('hold back, when they are full, what needs one, and nothing else; evidence stays', async () => {
    const world = await aReplacementWorld({ quarantine: { ...quarantine, max: 1 } });
    const [first, second, third] = world.instances;
    await world.taint(first!, 'critical');
    await world.until(controllerOf(world), allDone(world));
    const [kept] = await quarantines(world);
    await world.taint(second!, 'critical');
    await world.taint(third!, 'high');

    await world.until(
      controllerOf(world),
      async () => (await world.replacements()).filter(({ state }) => state === 'succeeded').length === 2,
    );

    expect(await lifecycleOf(world, third!)).toBe('retired');
    expect(await lifecycleOf(world, second!)).toBe('active');
    expect(world.provider.machines.get(kept!.provider_id)?.state).toBe('isolated');
    const { blocked } = await controllerOf(world).plan('web');
    expect(blocked.map(({ blockers }) => blockers.map(({ kind }) => kind))).toEqual([['quarantine-full']]);
    await releaseQuarantine(world.db, { instanceId: first!, ...by }, world.clock.now());
    await world.until(controllerOf(world), async () => (await quarantines(world)).length === 2);
    expect(world.provider.machines.has(kept!.provider_id)).toBe(false);
  });
});

describe('a person', () => {
  it('keeps a machine that nothing replaces: it is ended by no time, and by a release', async () => {
    const world = await aReplacementWorld({ quarantine });
    const [old] = world.instances;
    const machine = await machineOf(world, old!);

    await startQuarantine(world.db, { instanceId: old!, keepFor: '1m', ...by }, world.clock.now());
    await pass(world, 100 * hourMs);

    expect(world.provider.machines.get(machine)?.state).toBe('isolated');
    expect(await lifecycleOf(world, old!)).toBe('quarantined');
    await releaseQuarantine(world.db, { instanceId: old!, ...by }, world.clock.now());
    await pass(world, 1_000);
    expect(world.provider.machines.has(machine)).toBe(false);
    expect(world.provider.kept.size).toBe(0);
  });

  it('has what is kept and drifted replaced, and only then its time runs', async () => {
    const world = await aReplacementWorld({ quarantine });
    const [old] = world.instances;
    await world.taint(old!, 'critical');
    await startQuarantine(world.db, { instanceId: old!, ...by }, world.clock.now());

    await world.until(controllerOf(world), allDone(world));

    const [replacement] = await world.replacements();
    expect(replacement?.state).toBe('succeeded');
    expect(await quarantines(world)).toMatchObject([{ state: 'kept', replacement_id: replacement!.id }]);
    expect(world.provider.effects.filter((effect) => effect.startsWith('isolated'))).toHaveLength(1);
  });

  it('cannot have it kept for less than the policies say that replace it', async () => {
    const world = await aReplacementWorld({ quarantine });
    const [old] = world.instances;
    const machine = await machineOf(world, old!);
    await world.taint(old!, 'critical');
    await startQuarantine(world.db, { instanceId: old!, keepFor: '1m', ...by }, world.clock.now());

    await world.until(controllerOf(world), allDone(world));
    await pass(world, 71 * hourMs);

    expect(world.provider.machines.get(machine)?.state).toBe('isolated');
    await pass(world, hourMs);
    expect(world.provider.machines.has(machine)).toBe(false);
  });

  it('does not release what is just being replaced, and may abort that', async () => {
    const world = await aReplacementWorld({ quarantine });
    const [old] = world.instances;
    await world.taint(old!, 'critical');
    await startQuarantine(world.db, { instanceId: old!, ...by }, world.clock.now());
    world.agents = 'silent';
    await controllerOf(world).tick();
    const [{ id } = { id: '' }] = await world.replacements();

    await expect(releaseQuarantine(world.db, { instanceId: old!, ...by }, world.clock.now())).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await abortReplacement(world.db, { id, ...by }, world.clock.now());
    await controllerOf(world).tick();

    expect((await world.replacements())[0]).toMatchObject({ state: 'failed', error: 'aborted by somebody: case 17' });
    expect(await lifecycleOf(world, old!)).toBe('quarantined');
  });

  it('keeps it for longer', async () => {
    const world = await aReplacementWorld({ quarantine });
    const [old] = world.instances;
    await world.taint(old!, 'critical');
    await world.until(controllerOf(world), allDone(world));

    await extendQuarantine(world.db, { instanceId: old!, by: '48h', ...by }, world.clock.now());
    await pass(world, 100 * hourMs);

    expect(await quarantines(world)).toMatchObject([{ state: 'kept' }]);
  });

  it('is refused where no place is left, and where it is not in service', async () => {
    const world = await aReplacementWorld({ quarantine: { ...quarantine, max: 1 } });
    const [one, two] = world.instances;
    const start = (instanceId: string) => startQuarantine(world.db, { instanceId, ...by }, world.clock.now());
    await start(one!);

    await expect(start(one!)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(start(two!)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('is needed for more than one an hour that begins by itself', async () => {
    const world = await aReplacementWorld({ quarantine });
    const start = (instanceId: string) =>
      startQuarantine(
        world.db,
        { instanceId, reason: 'not approved', actor: 'policy web', byItself: true },
        world.clock.now(),
      );
    await start(world.instances[0]!);

    await expect(start(world.instances[1]!)).rejects.toMatchObject({ code: 'CONFLICT' });
    world.clock.advance(hourMs + 1);
    await start(world.instances[1]!);

    expect(await quarantines(world)).toHaveLength(2);
  });
});

describe('the report of orphans', () => {
  it('names machines, marks, snapshots and records that do not belong together, and touches nothing', async () => {
    const world = await aReplacementWorld({ quarantine });
    const { provider, db, clock } = world;
    const [machine, other, kept] = world.instances;
    await provider.isolate(aGroup(), await machineOf(world, machine!), 'q-unknown');
    await provider.drain(aGroup(), await machineOf(world, other!), { key: 'r-unknown', timeoutMs: 1 });
    await provider.keepSnapshot(aGroup(), await machineOf(world, other!), 'q-gone');
    await provider.launch({ group: aGroup(), image: 'web@7', key: 'l-nobody', serverUrl: '', joinToken: '' });
    await startQuarantine(db, { instanceId: kept!, ...by }, clock.now());
    await pass(world, 1_000);
    await provider.terminate(aGroup(), await machineOf(world, kept!), `q-${(await quarantines(world))[0]!.id}`);
    const effects = provider.effects.length;

    const report = await findOrphans({ db, clock, providers: () => provider });

    expect(report.items.map(({ kind, key }) => `${kind} ${key}`).sort()).toEqual([
      ...['machine l-nobody', 'mark q-unknown', 'mark r-unknown'],
      `record q-${(await quarantines(world))[0]!.id}`,
      'snapshot q-gone',
    ]);
    expect(provider.effects).toHaveLength(effects);
  });

  it('says of whom it knows nothing', async () => {
    const world = await aReplacementWorld();
    world.provider.faultOf = (call) => (call === 'list' ? 'before' : undefined);

    const report = await findOrphans({ db: world.db, clock: world.clock, providers: () => world.provider });

    expect(report).toMatchObject({ items: [], unasked: [{ group: 'web' }] });
  });
});
