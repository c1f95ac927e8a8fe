import { beforeEach, describe, expect, it } from 'vitest';
import type { Db } from '../../../server/store/database.ts';
import { appendEvent, pruneEvents } from '../../../server/store/event-store.ts';
import { listAudit } from '../../../server/store/views/audit-view.ts';
import { followChain, noHead } from '../../../shared/audit.ts';
import { aTime } from '../../support/builders.ts';
import { aDatabase } from '../../support/database.ts';
import { aReplacementWorld } from '../../support/replacement-world.ts';

let db: Db;
beforeEach(async () => {
  db = await aDatabase();
});

const reset = (reason: string) =>
  appendEvent(db, {
    at: aTime,
    type: 'breaker.reset',
    groupName: 'web',
    data: { reason, actor: 'alice', left: undefined },
  });
const entries = async (from: Db = db) => (await listAudit(from, { limit: 500 })).items;
const head = async () => followChain(noHead, await entries());

describe('the audit', () => {
  it('has what people decided, each entry chained to the one before', async () => {
    await reset('one');
    await appendEvent(db, { at: aTime, type: 'instance.verdict', data: {} });
    await reset('two');

    expect(await entries()).toMatchObject([
      { n: 1, actor: 'alice', what: 'breaker.reset', group: 'web', data: { reason: 'one' } },
      { n: 2, data: { reason: 'two' } },
    ]);
    expect(await head()).toMatchObject({ n: 2 });
  });

  it.each([
    ['an actor is changed', (to: Db) => to.updateTable('audit').set({ actor: 'mallory' }).where('n', '=', 2).execute()],
    ['a reason is changed', (to: Db) => to.updateTable('audit').set({ data: '{}' }).where('n', '=', 2).execute()],
    ['one is removed', (to: Db) => to.deleteFrom('audit').where('n', '=', 2).execute()],
    ['the first is removed', (to: Db) => to.deleteFrom('audit').where('n', '=', 1).execute()],
    [
      'two change places',
      async (to: Db) => {
        await to.updateTable('audit').set({ n: 9 }).where('n', '=', 2).execute();
        await to.updateTable('audit').set({ n: 2 }).where('n', '=', 3).execute();
        await to.updateTable('audit').set({ n: 3 }).where('n', '=', 9).execute();
      },
    ],
  ])('shows that %s', async (_what, tamper) => {
    for (const reason of ['one', 'two', 'three']) await reset(reason);

    await tamper(db);

    expect(await head()).toHaveProperty('wrong');
  });

  it('takes what is no Unicode, so that nobody keeps anything from being done by it', async () => {
    await appendEvent(db, { at: aTime, type: 'breaker.reset', data: { reason: 'a\ud800', '\udfff': ['\udc00'] } });

    expect(await entries()).toMatchObject([{ data: { reason: 'a\ufffd', '\ufffd': ['\ufffd'] } }]);
    expect(await head()).toMatchObject({ n: 1 });
  });

  it('is not pruned with the events', async () => {
    for (const reason of ['one', 'two', 'three']) await reset(reason);

    await pruneEvents(db, 0);

    expect(await db.selectFrom('event').selectAll().execute()).toEqual([]);
    expect(await head()).toMatchObject({ n: 3 });
  });

  it('has one entry for each transition of a replacement, and none for what was taken back', async () => {
    const world = await aReplacementWorld();
    await world.taint(world.instances[0]!);
    await world.until(world.control(), async () => (await world.replacements())[0]?.state === 'succeeded');
    const [{ id } = { id: '' }] = await world.replacements();
    const failing = world.db.transaction().execute(async (tx) => {
      await appendEvent(tx, { at: aTime, type: 'breaker.reset', data: {} });
      throw new Error('taken back');
    });
    await expect(failing).rejects.toThrow('taken back');

    const all = await entries(world.db);

    const steps = all.filter(({ what, replacementId }) => what === 'replacement.step' && replacementId === id);
    expect(steps.map(({ data }) => data['state'])).toEqual(await world.states(id));
    expect(steps.every(({ actor }) => actor === 'server')).toBe(true);
    expect(followChain(noHead, all)).toMatchObject({ n: all.length });
  });
});
