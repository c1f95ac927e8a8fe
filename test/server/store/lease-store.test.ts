import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Db, openDatabase } from '../../../server/store/database.ts';
import { appendEvent, latestEventId } from '../../../server/store/event-store.ts';
import { fenced } from '../../../server/store/fenced.ts';
import { checkFence, giveUpLease, readLease, renewLease, takeLease } from '../../../server/store/lease-store.ts';
import { readListening, writeListening } from '../../../server/store/listening-store.ts';
import { aTime } from '../../support/builders.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { aDatabase } from '../../support/database.ts';
import { aDirectory } from '../../support/directory.ts';

let db: Db;
beforeEach(async () => {
  db = await aDatabase();
});

const take = async (by: string, over = db) => (await takeLease(over, await readLease(over, 'scheduler'), by, aTime))!;

describe('a lease', () => {
  it('counts its terms', async () => {
    expect([(await take('a')).number, (await take('b')).number, (await take('a')).number]).toEqual([1, 2, 3]);
  });

  it('is taken by one of two who saw it at the same time', async () => {
    const seen = await readLease(db, 'scheduler');

    const taken = [await takeLease(db, seen, 'a', aTime), await takeLease(db, seen, 'b', aTime)];

    expect(taken).toEqual([{ name: 'scheduler', holder: 'a', number: 1 }, undefined]);
  });

  it('is not taken by who has not seen that it was renewed', async () => {
    const fence = await take('a');
    const seen = await readLease(db, 'scheduler');
    await renewLease(db, fence, aTime);

    expect(await takeLease(db, seen, 'b', aTime)).toBeUndefined();
  });

  it('is neither renewed nor given up by who had it before', async () => {
    const before = await take('a');
    await take('b');

    expect(await renewLease(db, before, aTime)).toBe(false);
    await giveUpLease(db, before);
    expect(await readLease(db, 'scheduler')).toMatchObject({ holder: 'b', fence: 2 });
  });

  it('lets nothing be written by who had it before, over another connection too', async () => {
    const file = join(aDirectory(), 'pristine.db');
    const [one, other] = [await openDatabase({ file }), await openDatabase({ file })];
    const fence = await take('a', one);
    await take('b', other);

    const late = () =>
      one.transaction().execute(async (tx) => {
        await writeListening(tx, { listenedAt: aTime, awaySince: null });
        await checkFence(tx, fence);
      });

    expect(await codeOfAsync(late)).toBe('CONFLICT');
    expect((await readListening(other)).listenedAt).toBeNull();
    await Promise.all([one.destroy(), other.destroy()]);
  });
});

describe('a fenced database', () => {
  const refusing = () =>
    fenced(db, async () => {
      throw new Error('it is over');
    });

  it('takes back a transaction that wrote, whichever way, when its right is gone', async () => {
    const event = { at: aTime, type: 'replacement.blocked' as const, data: {} };
    // Once, so that its statement is built already.
    await db.transaction().execute((tx) => appendEvent(tx, event));
    const before = await latestEventId(db);

    const late = [
      refusing()
        .transaction()
        .execute((tx) => writeListening(tx, { listenedAt: aTime, awaySince: null })),
      refusing()
        .transaction()
        .execute((tx) => appendEvent(tx, event)),
      refusing()
        .transaction()
        .execute((tx) => tx.deleteFrom('event').execute()),
    ];

    for (const each of late) await expect(each).rejects.toThrow('it is over');
    expect((await readListening(db)).listenedAt).toBeNull();
    expect(await latestEventId(db)).toBe(before);
  });

  it('reads without being asked', async () => {
    expect(await refusing().transaction().execute(readListening)).toEqual(await readListening(refusing()));
  });

  it('lets nobody write what could not be taken back', async () => {
    await expect(writeListening(refusing(), { listenedAt: aTime, awaySince: null })).rejects.toThrow('transaction');
  });
});
