import { sql } from 'kysely';
import type { GroupView } from '../../../shared/api.ts';
import type { Db } from '../database.ts';
import { readGroup, type StoredGroup, storedGroup } from '../group-store.ts';
import { contentIs } from './instances-view.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';
import type { Sight } from './sight.ts';

export async function listGroups(db: Db, query: PageQuery, sight: Sight): Promise<Page<GroupView>> {
  const after = readCursor(query, 1)?.[0];
  let select = db
    .selectFrom('instance_group')
    .selectAll()
    .orderBy('name')
    .limit(query.limit + 1);
  if (after !== undefined) select = select.where('name', '>', after);
  const rows = await select.execute();
  const counts = await countsOf(
    db,
    rows.map((row) => row.name),
    sight,
  );
  return pageOfRows(
    rows,
    query,
    (row) => [row.name],
    (row) => groupOf(storedGroup(row), counts),
  );
}

export async function findGroup(db: Db, name: string, sight: Sight): Promise<GroupView | undefined> {
  const stored = await readGroup(db, name);
  return stored && groupOf(stored, await countsOf(db, [name], sight));
}

type Counts = Awaited<ReturnType<typeof countsOf>>;

/** What the group has, retired ones left out. While a replacement is under way old and new are both there, and its size is still one. */
async function countsOf(db: Db, names: readonly string[], sight: Sight) {
  if (names.length === 0) return new Map();
  const count = (condition: ReturnType<typeof contentIs>) => sql<number>`count(case when ${condition} then 1 end)`;
  const rows = await db
    .selectFrom('instance')
    .select(['group_name'])
    .select((eb) => [
      eb.fn.countAll<number>().as('instances'),
      count(contentIs('in_sync', sight)).as('in_sync'),
      count(contentIs('drifted', sight)).as('drifted'),
      count(contentIs('unverifiable', sight)).as('unverifiable'),
      count(sql`instance.taint_at is not null`).as('tainted'),
      count(sql`instance.lifecycle = 'replacing'`).as('replacing'),
      count(sql`exists (select 1 from replacement r where r.new_instance_id = instance.id
        and r.state not in ('proving', 'soaking', 'succeeded', 'failed'))`).as('successors'),
    ])
    .where('lifecycle', '!=', 'retired')
    .where('group_name', 'in', names)
    .groupBy('group_name')
    .execute();
  return new Map(rows.map((row) => [row.group_name, row]));
}

function groupOf(stored: StoredGroup, counts: Counts): GroupView {
  const count = counts.get(stored.group.name);
  return {
    group: stored.group,
    version: stored.version,
    size: (count?.instances ?? 0) - (count?.successors ?? 0),
    content: {
      in_sync: count?.in_sync ?? 0,
      drifted: count?.drifted ?? 0,
      unverifiable: count?.unverifiable ?? 0,
    },
    tainted: count?.tainted ?? 0,
    replacing: count?.replacing ?? 0,
    breaker: stored.breaker,
    updatedAt: stored.updatedAt,
  };
}
