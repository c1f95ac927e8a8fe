import { afterEach, describe, expect, it } from 'vitest';
import { anOutsideWorld, bakedNames, bakedText, instanceOf, type OutsideWorld } from '../../support/outside-world.ts';

let world: OutsideWorld;
afterEach(() => world.close());

const blind = () => new Map(bakedNames.map((name) => [name, bakedText]));

/** Its agent sees nothing, and is away when it is asked what it saw. */
async function anUnclearWorld(): Promise<void> {
  world = await anOutsideWorld();
  world.agent.sweep();
  await world.agent.deliver();
  world.agent.sees = blind;
  world.agent.isOnline = false;
  world.write('a', 'changed');
  await look();
  world.agent.isOnline = true;
}

const look = async () =>
  world.ended(await world.looker.ask(world.instanceId, 'requested'), async () => {
    if (world.agent.asked.length > 0) world.agent.sweep();
    await world.agent.deliver();
  });

describe('a difference that nobody could explain', () => {
  it('leaves nothing clean, whatever the agent tells, until another look agrees', async () => {
    await anUnclearWorld();
    const digest = (await instanceOf(world)).stateDigest;

    world.agent.sweep();
    await world.agent.deliver();

    const told = await instanceOf(world);
    expect(told).toMatchObject({ verdict: 'unverifiable', taint: null, stateDigest: digest });
    expect(told.coverage?.holes).toEqual([{ subject: 'manifest', name: '/a', reason: 'seen-outside' }]);
    world.write('a', bakedText);
    expect(await look()).toMatchObject({ outcome: 'agrees' });
    expect(await instanceOf(world)).toMatchObject({ verdict: 'in_sync' });
  });

  it('is a lie when the next look finds it one', async () => {
    await anUnclearWorld();

    expect(await look()).toMatchObject({ outcome: 'differs' });

    const after = await instanceOf(world);
    expect(after).toMatchObject({ verdict: 'drifted', taint: { severity: 'critical' } });
    expect(after.coverage?.holes).toEqual([]);
  });
});
