import { expect, it } from 'vitest';
import { gapsOf, prepared } from '../../../server/store/prepared.ts';
import type { LaunchTable } from '../../../server/store/tables.ts';
import { aDatabase } from '../../support/database.ts';

const insert = prepared<LaunchTable>()((db, gap) =>
  db.insertInto('launch').values(gapsOf(['key', 'group_name', 'provider_id', 'created_at'], gap)),
);
let built = 0;
const ofGroup = prepared<{ group: string }>()((db, gap) => {
  built += 1;
  return db.selectFrom('launch').select('key').where('group_name', '=', gap('group')).where('provider_id', 'is', null);
});

it('builds a query once for a database, and runs it with the values of each call', async () => {
  const [one, other] = [await aDatabase(), await aDatabase()];
  const launch = (key: string, group: string) => ({ key, group_name: group, provider_id: null, created_at: 'now' });
  for (const key of ['a', 'b']) await insert(one, launch(key, 'web'));
  await insert(one, launch('c', 'api'));
  await insert(other, launch('d', 'web'));

  expect(await ofGroup(one, { group: 'web' })).toEqual([{ key: 'a' }, { key: 'b' }]);
  expect(await ofGroup(one, { group: 'api' })).toEqual([{ key: 'c' }]);
  expect(await one.transaction().execute((tx) => ofGroup(tx, { group: 'web' }))).toHaveLength(2);
  expect(built).toBe(1);
  expect(await ofGroup(other, { group: 'web' })).toEqual([{ key: 'd' }]);
  expect(built).toBe(2);
  await one.destroy();
  await other.destroy();
});
