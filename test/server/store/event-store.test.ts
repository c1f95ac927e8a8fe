import { describe, expect, it } from 'vitest';
import { createEventFeed } from '../../../server/fleet/event-feed.ts';
import { appendEvent, latestEventId, pruneEvents, readEvents } from '../../../server/store/event-store.ts';
import { aTime } from '../../support/builders.ts';
import { aDatabase } from '../../support/database.ts';

const event = { at: aTime, type: 'group.changed', groupName: 'web', data: { version: 2 } } as const;

describe('events', () => {
  it('are read in order, from after the one named', async () => {
    const db = await aDatabase();
    for (let n = 0; n < 3; n += 1) await appendEvent(db, event);

    expect((await readEvents(db, { afterId: 1, limit: 10 })).map(({ id }) => id)).toEqual([2, 3]);
    expect(await readEvents(db, { afterId: 0, limit: 1 })).toEqual([
      {
        id: 1,
        at: aTime,
        type: 'group.changed',
        group: 'web',
        instanceId: null,
        replacementId: null,
        data: { version: 2 },
      },
    ]);
  });

  it('go with the transaction that tells them', async () => {
    const db = await aDatabase();
    const attempt = db.transaction().execute(async (tx) => {
      await appendEvent(tx, event);
      throw new Error('no');
    });
    await expect(attempt).rejects.toThrow();

    expect(await latestEventId(db)).toBe(0);
  });

  it('are pruned from the oldest, and no id is given twice', async () => {
    const db = await aDatabase();
    for (let n = 0; n < 6; n += 1) await appendEvent(db, event);
    await pruneEvents(db, 2);
    expect((await readEvents(db, { afterId: 0, limit: 10 })).map(({ id }) => id)).toEqual([3, 4, 5, 6]);

    await db.deleteFrom('event').execute();
    await appendEvent(db, event);
    expect((await readEvents(db, { afterId: 0, limit: 10 })).map(({ id }) => id)).toEqual([7]);
  });

  it('that an agent can bring about push out none of what people did', async () => {
    const db = await aDatabase();
    const decided = { at: aTime, type: 'instance.pardoned', data: { actor: 'admin', reason: 'seen' } } as const;
    const noise = { at: aTime, type: 'instance.spool', data: {} } as const;
    for (const one of [decided, ...Array<typeof noise>(6).fill(noise)]) await appendEvent(db, one);

    await pruneEvents(db, 2);

    expect((await readEvents(db, { afterId: 0, limit: 10 })).map(({ id }) => id)).toEqual([1, 6, 7]);
  });
});

it('wakes those who listen, until they stop', () => {
  const feed = createEventFeed();
  let woken = 0;
  const stop = feed.onWake(() => {
    woken += 1;
  });

  feed.wake();
  stop();
  feed.wake();

  expect(woken).toBe(1);
});
