import { expect, it } from 'vitest';
import { liftHold, type NewHold, placeHold } from '../../server/store/hold-store.ts';
import { aReplacementWorld, type ReplacementWorld } from '../support/replacement-world.ts';

const hourMs = 3_600_000;

function hold(world: ReplacementWorld, overrides: Partial<NewHold> = {}) {
  const wanted = { scope: 'group', target: 'web', reason: 'the migration', author: 'alice', ms: hourMs, ...overrides };
  return world.db.transaction().execute((tx) => placeHold(tx, wanted as NewHold, world.clock.now()));
}
const lift = (world: ReplacementWorld, id: string) =>
  world.db.transaction().execute((tx) => liftHold(tx, id, 'bob', world.clock.now()));
const everything = { scope: 'all', target: null, ms: null } as const;

async function underWay(world: ReplacementWorld, state: string) {
  const controller = world.control();
  await world.taint(world.instances[0]!);
  await world.until(controller, async () => (await world.replacements())[0]?.state === state);
  return { controller, id: (await world.replacements())[0]!.id };
}

it.each([
  ['an instance', (world: ReplacementWorld) => ({ scope: 'instance', target: world.instances[0]! }) as const],
  ['a group', () => ({}) as const],
  ['everything', () => everything],
])('starts nothing while %s is held, and says by whom, why and until when', async (_what, on) => {
  const world = await aReplacementWorld();
  const controller = world.control();
  await hold(world, on(world));
  await world.taint(world.instances[0]!);

  await controller.tick();
  const { blocked } = await controller.plan('web');

  expect(await world.replacements()).toEqual([]);
  expect(blocked[0]?.blockers).toMatchObject([
    { kind: 'hold', message: expect.stringMatching(/alice.*the migration/) },
  ]);
});

it('replaces what is not held beside what is', async () => {
  const world = await aReplacementWorld();
  const controller = world.control();
  const [held, free] = world.instances;
  await hold(world, { scope: 'instance', target: held! });
  await world.taint(held!, 'critical');
  await world.taint(free!);

  await controller.tick();

  const rows = await world.db.selectFrom('replacement').select('old_instance_id').execute();
  expect(rows).toEqual([{ old_instance_id: free }]);
});

it('goes on once its time is over, or somebody lifted it', async () => {
  const world = await aReplacementWorld();
  const controller = world.control();
  const { id } = await hold(world, everything);
  await hold(world, { ms: 60_000 });
  await world.taint(world.instances[0]!);

  await lift(world, id);
  await controller.tick();
  expect(await world.replacements()).toEqual([]);
  world.clock.advance(60_000);
  await controller.tick();

  expect(await world.replacements()).toHaveLength(1);
});

it.each(['launching', 'verifying'])(
  'takes back what is %s when its group is held: the old machine lives',
  async (state) => {
    const world = await aReplacementWorld();
    if (state === 'verifying') world.agents = 'silent';
    else world.provider.faultOf = (call) => (call === 'launch' ? 'before' : undefined);
    const { controller, id } = await underWay(world, state);
    await hold(world);
    world.provider.faultOf = () => undefined;

    await world.until(controller, async () => (await world.replacements())[0]?.state === 'failed');

    expect(await world.states(id)).toContain('rolling_back');
    expect(world.provider.machines.size).toBe(6);
    expect((await world.replacements())[0]?.error).toContain('the migration');
  },
);

it('stops within a tick: nothing is called any more, whatever is under way, and it goes on when it is lifted', async () => {
  const world = await aReplacementWorld();
  const { controller, id } = await underWay(world, 'verifying');
  const { id: stop } = await hold(world, everything);
  const done = world.provider.effects.length;

  for (let second = 0; second < 20; second += 1) {
    await world.speak();
    world.clock.advance(1_000);
    await controller.tick();
  }

  expect((await world.states(id)).at(-1)).toBe('verifying');
  expect(world.provider.effects).toHaveLength(done);
  await lift(world, stop);
  await world.until(controller, async () => (await world.replacements())[0]?.state === 'succeeded');
});

it('waits as it is where the new instance is held: rolling back would end what somebody keeps', async () => {
  const world = await aReplacementWorld();
  world.agents = { verdict: 'drifted', taint_severity: null };
  const { controller, id } = await underWay(world, 'verifying');
  await world.speak();
  const made = await world.db
    .selectFrom('instance')
    .select('id')
    .where('launch_key', 'is not', null)
    .executeTakeFirstOrThrow();
  await hold(world, { scope: 'instance', target: made.id });
  const machines = world.provider.machines.size;

  for (let second = 0; second < 10; second += 1) {
    world.clock.advance(1_000);
    await controller.tick();
  }

  expect((await world.states(id)).at(-1)).toBe('verifying');
  expect(world.provider.machines.size).toBe(machines);
});
