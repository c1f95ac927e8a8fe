import { join } from 'node:path';
import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Db, openDatabase } from '../../../server/store/database.ts';
import { createGroupCommit, type GroupCommit } from '../../../server/store/group-commit.ts';
import { aDirectory } from '../../support/database.ts';

let file: string;
let db: Db;
let commits: GroupCommit;
let elapsed: number;

beforeEach(async () => {
  file = join(aDirectory(), 'pristine.db');
  db = await openDatabase({ file });
  elapsed = 0;
  commits = createGroupCommit(db, () => elapsed, { worksMax: 4, groupMsMin: 20 });
});

const lane = (name: 'small' | 'large' = 'small') => commits[name].transaction();
const write = (id: string) => (tx: Db) =>
  tx.insertInto('launch').values({ key: id, group_name: 'web', provider_id: null, created_at: 'now' }).execute();
/** As a reader of its own sees it: what is committed. */
async function stored(): Promise<readonly string[]> {
  const reader = await openDatabase({ file });
  const rows = await reader.selectFrom('launch').select('key').orderBy('key').execute();
  await reader.destroy();
  return rows.map(({ key }) => key);
}

describe('a group commit', () => {
  it('resolves each work after the commit, with what it gave', async () => {
    const given = await Promise.all(
      ['a', 'b'].map((id) =>
        lane().execute(async (tx) => {
          await write(id)(tx);
          return id;
        }),
      ),
    );

    expect(given).toEqual(['a', 'b']);
    expect(await stored()).toEqual(['a', 'b']);
  });

  it('commits once for works that came together, and no work is told before', async () => {
    const told: string[] = [];
    const works = ['a', 'b', 'c'].map((id) =>
      lane()
        .execute(async (tx) => {
          await write(id)(tx);
          expect(told).toEqual([]);
          expect(await stored()).toEqual([]);
        })
        .then(() => told.push(id)),
    );

    await Promise.all(works);

    expect(told).toEqual(['a', 'b', 'c']);
  });

  it('takes back what a work did that throws, and nothing of the others', async () => {
    const works = ['a', 'b', 'c'].map((id) =>
      lane().execute(async (tx) => {
        await write(id)(tx);
        if (id === 'b') throw new Error('b is bad');
      }),
    );

    const ends = await Promise.allSettled(works);

    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await stored()).toEqual(['a', 'c']);
  });

  it('takes back what a statement refused, and goes on', async () => {
    const works = ['a', 'a', 'b'].map((id) => lane().execute(write(id)));

    const ends = await Promise.allSettled(works);

    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await stored()).toEqual(['a', 'b']);
  });

  it('rejects all of the group when the transaction is gone, stores nothing of it, and goes on with the next', async () => {
    const bad = lane().execute(async () => {
      throw new Error('bad');
    });
    const good = lane().execute(write('a'));
    const full = lane().execute(async (tx) => {
      // As a full disk does.
      await sql`rollback`.execute(tx);
      throw new Error('full');
    });
    const later = Promise.all(['x', 'y'].map((id) => lane().execute(write(id))));

    const ends = await Promise.allSettled([bad, good, full, later]);

    expect(ends.map((end) => end.status)).toEqual(['rejected', 'rejected', 'rejected', 'fulfilled']);
    expect(await stored()).toEqual(['x', 'y']);
  });

  it('takes more works where commits take long', async () => {
    let count = 0;
    const slow = {
      transaction: () => ({
        async execute<T>(work: (tx: Db) => Promise<T>): Promise<T> {
          const result = await db.transaction().execute(work);
          elapsed += 10;
          count += 1;
          return result;
        },
      }),
    } as Db;
    const { small } = createGroupCommit(slow, () => elapsed, { groupMsMin: 20, workFactor: 4, groupMsMax: 100 });
    const work = () => small.transaction().execute(async () => (elapsed += 15));

    await work();
    await Promise.all(Array.from({ length: 6 }, work));

    expect(count).toBe(1 + 2);
  });

  it('rejects when no transaction can begin', async () => {
    await db.destroy();

    await expect(lane().execute(write('a'))).rejects.toThrow();

    await expect(lane('large').execute(write('a'))).rejects.toThrow();
  });

  it('begins the next group when enough works are in one, or it has taken long enough', async () => {
    const groups: string[][] = [];
    let current: string[] = [];
    const work = (id: string, ms: number) =>
      lane()
        .execute(async () => {
          if (current.length === 0) groups.push(current);
          current.push(id);
          elapsed += ms;
        })
        .then(() => {
          current = [];
        });

    await Promise.all([...['a', 'b', 'c', 'd', 'e'].map((id) => work(id, 0)), work('f', 20), work('g', 0)]);

    expect(groups).toEqual([['a', 'b', 'c', 'd'], ['e', 'f'], ['g']]);
  });

  it('gives a large work a commit of its own, in turn with the small ones', async () => {
    const order: string[] = [];
    const note = (name: 'small' | 'large', id: string) =>
      lane(name)
        .execute(write(id))
        .then(() => order.push(id));

    await Promise.all([
      ...['L1', 'L2'].map((id) => note('large', id)),
      ...['a', 'b', 'c', 'd', 'e'].map((id) => note('small', id)),
    ]);

    expect(order).toEqual(['a', 'b', 'c', 'd', 'L1', 'e', 'L2']);
  });
});
