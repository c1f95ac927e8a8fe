import { expect, it } from 'vitest';
import { promoteImage, rollBackImage } from '../../server/fleet/promote.ts';
import { digestOf } from '../../shared/digest.ts';
import { aReplacementWorld, type ReplacementWorld } from '../support/replacement-world.ts';
import { insertImage } from '../support/rows.ts';

const triggers = [{ outdated: true }];
const by = { group: 'web', actor: 'admin', reason: null };

/** All living instances, by the image they are of; at most one is under way at any time. */
async function follow(world: ReplacementWorld, image: string): Promise<void> {
  let atOnce = 0;
  await world.until(
    world.control(),
    async () => {
      const active = (await world.replacements()).filter(({ state }) => !['succeeded', 'failed'].includes(state));
      atOnce = Math.max(atOnce, active.length);
      const living = await world.db
        .selectFrom('instance')
        .select('image_digest')
        .where('lifecycle', '!=', 'retired')
        .execute();
      return active.length === 0 && living.every(({ image_digest }) => image_digest === digestOf(`image ${image}`));
    },
    2_000,
  );
  expect(atOnce).toBe(1);
}

it('a rollback takes the whole group back to the previous image, under the same budget', {
  timeout: 60_000,
}, async () => {
  const world = await aReplacementWorld({ triggers });
  await insertImage(world.db, { digest: digestOf('image web@8'), version: '8' });
  await promoteImage(world.db, { ...by, channel: 'stable', image: 'web@8' }, world.clock.now());
  await follow(world, 'web@8');

  await rollBackImage(world.db, by, world.clock.now());
  await follow(world, 'web@7');

  expect(world.provider.machines.size).toBe(6);
});
