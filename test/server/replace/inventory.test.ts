import { describe, expect, it } from 'vitest';
import { aReplacementWorld, type ReplacementWorld } from '../../support/replacement-world.ts';

const minuteMs = 60_000;

async function lookAgain(world: ReplacementWorld, controller: ReturnType<ReplacementWorld['control']>, minutes = 1) {
  for (let minute = 0; minute < minutes; minute += 1) {
    world.clock.advance(minuteMs);
    await controller.tick();
  }
}
const lifecycleOf = async ({ db }: ReplacementWorld, id: string) =>
  (await db.selectFrom('instance').select('lifecycle').where('id', '=', id).executeTakeFirstOrThrow()).lifecycle;
const told = async ({ db }: ReplacementWorld) =>
  (await db.selectFrom('event').select(['type', 'instance_id', 'data']).orderBy('id').execute()).filter(({ type }) =>
    ['instance.absent', 'instance.silent', 'instance.retired'].includes(type),
  );
const machineOf = async ({ db }: ReplacementWorld, id: string) =>
  (await db.selectFrom('instance').select('provider_id').where('id', '=', id).executeTakeFirstOrThrow()).provider_id!;

describe('the list of a provider', () => {
  it('retires a silent instance whose machine is in two lists no more, and keeps what it was', async () => {
    const world = await aReplacementWorld({ mode: 'observe' });
    const [gone] = world.instances;
    const controller = world.control();
    await controller.tick();
    await world.taint(gone!);
    world.silenced.add(gone!);
    await world.provider.terminate(undefined as never, await machineOf(world, gone!));

    await lookAgain(world, controller);
    const once = await lifecycleOf(world, gone!);
    await lookAgain(world, controller);

    expect([once, await lifecycleOf(world, gone!)]).toEqual(['active', 'retired']);
    expect(await told(world)).toMatchObject([{ type: 'instance.retired', instance_id: gone }]);
    const kept = await world.db
      .selectFrom('instance')
      .select(['verdict', 'taint_severity'])
      .where('id', '=', gone!)
      .executeTakeFirst();
    expect(kept).toEqual({ verdict: 'drifted', taint_severity: 'high' });
  });

  it('retires whom we launched, though the machine was gone before it was in any list', async () => {
    const world = await aReplacementWorld({ mode: 'observe' });
    const [gone] = world.instances;
    const launched = { launch_key: 'r-1', provider_id: 'm-1' };
    await world.db.updateTable('instance').set(launched).where('id', '=', gone!).execute();
    world.silenced.add(gone!);
    const controller = world.control();
    await controller.tick();

    await lookAgain(world, controller, 2);

    expect(await lifecycleOf(world, gone!)).toBe('retired');
  });

  it('retires nobody who speaks, whatever it leaves out', async () => {
    const world = await aReplacementWorld({ mode: 'observe' });
    const controller = world.control();
    await controller.tick();
    await world.provider.terminate(undefined as never, await machineOf(world, world.instances[0]!));

    await lookAgain(world, controller, 5);

    expect(await lifecycleOf(world, world.instances[0]!)).toBe('active');
  });

  it('retires nobody for an error, and nobody whose machine it never had', async () => {
    const world = await aReplacementWorld({ mode: 'observe' });
    const controller = world.control();
    await controller.tick();
    for (const id of world.instances) world.silenced.add(id);
    await world.db
      .updateTable('instance')
      .set({ provider_id: 'elsewhere' })
      .where('id', '=', world.instances[0]!)
      .execute();
    world.provider.faultOf = (call) => (call === 'list' ? 'before' : undefined);
    for (const { providerId } of [...world.provider.machines.values()].slice(0, 3))
      await world.provider.terminate(undefined as never, providerId);
    await lookAgain(world, controller, 5);
    const during = await told(world);
    world.provider.faultOf = () => undefined;
    await lookAgain(world, controller, 3);

    expect(during).toEqual([]);
    expect(await lifecycleOf(world, world.instances[0]!)).toBe('active');
    expect((await told(world)).filter(({ type }) => type === 'instance.retired')).toHaveLength(2);
  });

  it('is doubted for an hour when it is empty out of the blue', async () => {
    const world = await aReplacementWorld({ mode: 'observe' });
    const controller = world.control();
    await controller.tick();
    for (const id of world.instances) world.silenced.add(id);
    for (const { providerId } of [...world.provider.machines.values()])
      await world.provider.terminate(undefined as never, providerId);

    await lookAgain(world, controller, 60);
    const doubted = await told(world);
    await lookAgain(world, controller, 4);

    expect(doubted).toEqual([]);
    expect((await told(world)).map(({ type }) => type)).toEqual(world.instances.map(() => 'instance.retired'));
  });

  it('calls a person once for a machine that no agent ever spoke for, and replaces nothing for it', async () => {
    const world = await aReplacementWorld();
    const controller = world.control();
    await controller.tick();
    world.provider.add('web', 'm-mute', 'a');

    await lookAgain(world, controller, 15);
    const early = await told(world);
    await lookAgain(world, controller, 10);

    expect(early).toEqual([]);
    expect(await told(world)).toMatchObject([{ type: 'instance.absent', instance_id: null }]);
    expect(JSON.parse((await told(world))[0]!.data)).toMatchObject({
      ...{ providerId: 'm-mute', zone: 'a', detail: expect.stringContaining('whether its agent starts') },
    });
    expect(await world.replacements()).toEqual([]);
  });

  it('calls a person once for an agent that is silent on a machine that runs, and replaces nothing for it', async () => {
    const world = await aReplacementWorld({ triggers: [{ silent: '15m' }] });
    const [mute] = world.instances;
    const controller = world.control();
    await controller.tick();
    world.silenced.add(mute!);

    await lookAgain(world, controller, 40);

    expect(await told(world)).toMatchObject([{ type: 'instance.silent', instance_id: mute }]);
    expect((await told(world))[0]?.data).toContain('pristine status');
    expect(await world.replacements()).toEqual([]);
  });
});

describe('a dead machine', () => {
  it('is replaced when its agent is silent and its provider says that it is stopped', async () => {
    const world = await aReplacementWorld({ triggers: [{ silent: '15m' }] });
    const [dead] = world.instances;
    const controller = world.control();
    await controller.tick();
    world.silenced.add(dead!);
    world.provider.set(await machineOf(world, dead!), 'stopped');

    await lookAgain(world, controller, 14);
    await world.until(controller, async () => (await world.replacements())[0]?.state === 'succeeded');

    expect(await lifecycleOf(world, dead!)).toBe('retired');
    expect(world.provider.machines.size).toBe(6);
  });

  it('lives on when it speaks again before there is no way back', async () => {
    const world = await aReplacementWorld({ triggers: [{ silent: '15m' }], strategy: { verifyWithin: '10m' } });
    const [dead] = world.instances;
    const machine = await machineOf(world, dead!);
    const controller = world.control();
    await controller.tick();
    world.silenced.add(dead!);
    world.provider.set(machine, 'stopped');
    world.agents = 'silent';
    await lookAgain(world, controller, 14);
    await world.until(controller, async () => (await world.replacements())[0]?.state === 'verifying');
    world.silenced.clear();
    world.provider.set(machine, 'running');
    world.agents = {};

    await world.until(controller, async () => (await world.replacements())[0]?.state === 'failed');

    expect((await world.replacements())[0]?.error).toBe('it is not silent any more');
    expect(world.provider.machines.has(machine)).toBe(true);
    expect(await lifecycleOf(world, dead!)).toBe('active');
  });
});
