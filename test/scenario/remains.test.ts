import { expect, it } from 'vitest';
import { launchKeyOf } from '../../server/replace/launch-key.ts';
import { aGroup } from '../support/builders.ts';
import { aReplacementWorld } from '../support/replacement-world.ts';
import { insertReplacement } from '../support/rows.ts';

/** One machine is drained with the mark of a replacement that has failed. */
async function aWorldWithRemains() {
  const world = await aReplacementWorld();
  const [machine] = [...world.provider.machines.values()];
  const failed = await insertReplacement(world.db, { state: 'failed', old_instance_id: 'gone' });
  await world.provider.drain(aGroup(), machine!.providerId, { key: launchKeyOf(failed), timeoutMs: 1 });
  const state = () => world.provider.machines.get(machine!.providerId)?.state;
  return { ...world, state, instanceId: world.instances[0]!, providerId: machine!.providerId };
}

it('gives back a machine that a drain took after its replacement had failed', async () => {
  const { control, state } = await aWorldWithRemains();

  await control().tick();

  expect(state()).toBe('running');
});

it('leaves it drained while another replacement counts on that', async () => {
  const { control, state, db, instanceId, providerId } = await aWorldWithRemains();
  await insertReplacement(db, { state: 'stuck', old_instance_id: instanceId, old_provider_id: providerId });

  await control().tick();

  expect(state()).toBe('draining');
});
