import { mkdirSync, renameSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readEvents } from '../../../server/store/event-store.ts';
import { findLook } from '../../../server/store/look-store.ts';
import { aTime } from '../../support/builders.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { aSweptWorld, look, type OutsideWorld } from '../../support/outside-world.ts';
import { insertInstance } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

describe('a look that cannot be made', () => {
  it.each<[string, (world: OutsideWorld) => Promise<unknown> | unknown, RegExp]>([
    [
      'because the provider cannot show the disk',
      (world) => (world.provider.faultOf = (call) => (call === 'snapshot' ? 'before' : undefined)),
      /refused/,
    ],
    [
      'because the image has no entries here',
      (world) =>
        world.db
          .updateTable('instance')
          .set({ image_digest: `sha256:${'0'.repeat(64)}` })
          .execute(),
      /never pushed/,
    ],
    [
      'because its agent judges by rules that were never in force here',
      (world) => world.db.updateTable('instance').set({ rules: 9 }).execute(),
      /rules 9/,
    ],
    [
      'because the agent has not swept yet',
      (world) => world.db.updateTable('instance').set({ scan_id: null }).execute(),
      /complete sweep/,
    ],
    [
      'because it is not sure which machine it is',
      (world) => world.db.updateTable('instance').set({ doubts: '[{"kind":"cloned-identity"}]' }).execute(),
      /not sure/,
    ],
  ])('is said as such %s', async (_why, spoil, sentence) => {
    const world = await aSweptWorld();
    await spoil(world);

    const ended = await look(world);

    expect(ended).toMatchObject({
      outcome: 'failed',
      detail: expect.stringMatching(sentence),
      result: { measure: null },
    });
    expect((await readEvents(world.db, { afterId: 0, limit: 100 })).at(-1)).toMatchObject({
      type: 'look.ended',
      data: { outcome: 'failed' },
    });
  });

  it('is one whose disk was unmounted meanwhile', async () => {
    const world = await aSweptWorld({
      sweep: (honest) => async (root, baseline, signal) => {
        const report = await honest(root, baseline, signal);
        renameSync(root, `${root}-gone`);
        mkdirSync(root);
        return report;
      },
    });

    expect(await look(world)).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('went away') });
  });

  it('is one whose disk is shown too late, and that disk is given back', async () => {
    const world = await aSweptWorld();
    const shown = Promise.withResolvers<void>();
    const { snapshot } = world.provider;
    let isGivenBack = false;
    world.provider.snapshot = async (...asked) => {
      await shown.promise;
      const disk = await snapshot(...asked);
      const dispose = async () => {
        await disk.dispose();
        isGivenBack = true;
      };
      return { ...disk, dispose };
    };

    const ended = await look(world);
    shown.resolve();

    expect(ended).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('longer than 1800 s') });
    await until(() => isGivenBack);
  });

  it('is one whose instance was retired meanwhile', async () => {
    const world = await aSweptWorld({
      whileSweeping: async () => void (await world.db.updateTable('instance').set({ lifecycle: 'retired' }).execute()),
    });

    expect(await look(world)).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('retired') });
  });

  it('is refused while a thousand are waiting, and where nobody knows the machine', async () => {
    const world = await aSweptWorld();
    const at = { state: 'waiting', detail: '', why: 'requested', group_name: 'web', requested_at: aTime } as const;
    for (let n = 0; n < 1_000; n += 1) {
      const instance_id = await insertInstance(world.db);
      await world.db
        .insertInto('outside_look')
        .values({ ...at, id: `look-${n}`, instance_id })
        .execute();
    }
    expect(await codeOfAsync(() => world.looker.ask(world.instanceId, 'requested'))).toBe('CONFLICT');

    const byHand = await insertInstance(world.db, { provider_id: null });
    await world.db.deleteFrom('outside_look').execute();
    expect(await codeOfAsync(() => world.looker.ask(byHand, 'requested'))).toBe('CONFLICT');
  });

  it('is refused for one that is retired, or unknown', async () => {
    const world = await aSweptWorld();
    await world.db.updateTable('instance').set({ lifecycle: 'retired' }).execute();

    expect(await codeOfAsync(() => world.looker.ask(world.instanceId, 'requested'))).toBe('CONFLICT');
    expect(await codeOfAsync(() => world.looker.ask('nobody', 'requested'))).toBe('NOT_FOUND');
  });

  it('is one that the server was stopped in, as the next start says', async () => {
    const world = await aSweptWorld({ whileSweeping: () => new Promise(() => {}) });
    const id = await world.looker.ask(world.instanceId, 'requested');
    await until(async () => (await findLook(world.db, id))?.state === 'looking' && world.provider.shown === 1);

    await world.restart();

    expect(await world.ended(id)).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('stopped') });
    expect(world.provider.shown).toBe(0);
  });

  it('is not made twice at once: who asks again gets the one that is under way', async () => {
    const world = await aSweptWorld();

    const ids = await Promise.all([1, 2, 3].map(() => world.looker.ask(world.instanceId, 'requested')));

    expect(new Set(ids).size).toBe(1);
  });
});
