import { describe, expect, it } from 'vitest';
import { startQuarantine } from '../../server/fleet/quarantine.ts';
import { aReplacementWorld, type ReplacementWorld } from '../support/replacement-world.ts';

const quarantine = { severity: 'critical', keepFor: '72h', max: 2 };
const hourMs = 3_600_000;
const by = { reason: 'case 17', actor: 'somebody' };
const quarantines = ({ db }: ReplacementWorld) => db.selectFrom('quarantine').selectAll().orderBy('id').execute();

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

describe('a machine that is not isolated yet', () => {
  it('has its provider asked after 1, 2, 4 … and at most 60 seconds', async () => {
    const world = await aReplacementWorld({ quarantine });
    world.provider.faultOf = (call) => (call === 'isolate' ? 'before' : undefined);
    await startQuarantine(world.db, { instanceId: world.instances[0]!, ...by }, world.clock.now());
    const from = world.clock.now();
    const asked: number[] = [];
    for (let second = 0; second < 250; second += 1) {
      const before = world.provider.calls.filter((call) => call.startsWith('isolate')).length;
      await controllerOf(world).tick();
      if (world.provider.calls.filter((call) => call.startsWith('isolate')).length > before)
        asked.push((world.clock.now() - from) / 1_000);
      world.clock.advance(1_000);
    }

    expect(asked).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
  });

  it('has it asked for its list only when it is asked to isolate, beside the one of each plan', async () => {
    const world = await aReplacementWorld({ quarantine });
    world.provider.faultOf = (call) => (call === 'isolate' ? 'before' : undefined);
    await world.taint(world.instances[0]!, 'critical');
    await world.until(controllerOf(world), async () => (await quarantines(world)).length > 0);
    world.clock.advance(40_000);
    await controllerOf(world).tick();
    const before = world.provider.calls.length;

    for (let second = 0; second < 10; second += 1) {
      world.clock.advance(1_000);
      await controllerOf(world).tick();
    }

    const since = world.provider.calls.slice(before);
    expect(
      since.filter((call) => call.startsWith('list ')).length -
        since.filter((call) => call.startsWith('isolate')).length,
    ).toBeLessThanOrEqual(11);
  });
});

describe('a machine that a person keeps and nothing replaces', () => {
  it('takes from the budget of its group until its time is over, and stays', async () => {
    const world = await aReplacementWorld({ quarantine });
    const [kept, drifted] = world.instances;
    await startQuarantine(world.db, { instanceId: kept!, keepFor: '1h', ...by }, world.clock.now());
    await pass(world, 1_000);
    await world.taint(drifted!, 'high');
    await pass(world, 1_000);
    const before = await world.replacements();

    await pass(world, hourMs);

    expect(before).toEqual([]);
    expect(await world.replacements()).toHaveLength(1);
    expect(await quarantines(world)).toMatchObject([{ state: 'kept', replacement_id: null }]);
  });
});

describe('a person', () => {
  it('is waited for by what is critical, isolated, and not ended: one an hour', async () => {
    const approval = { required: true };
    const world = await aReplacementWorld({ quarantine, approval });
    for (const id of world.instances.slice(0, 2)) await world.taint(id, 'critical');
    const isolated = () => [...world.provider.machines.values()].filter(({ state }) => state === 'isolated').length;

    await world.until(controllerOf(world), async () =>
      (await quarantines(world)).some(({ state }) => state === 'kept'),
    );
    await pass(world, hourMs / 2);
    const [first] = await quarantines(world);

    expect([isolated(), await world.replacements()]).toEqual([1, []]);
    expect(first).toMatchObject({ owner: 'policy web', replacement_id: null, state: 'kept' });
  });

  it('is waited for by what is less than critical, in service', async () => {
    const world = await aReplacementWorld({
      quarantine: { ...quarantine, severity: 'high' },
      approval: { required: true },
    });
    await world.taint(world.instances[0]!, 'high');

    await pass(world, 1_000);

    expect([await quarantines(world), await world.replacements()]).toEqual([[], []]);
  });
});
