import { type Expression, type SqlBool, sql } from 'kysely';
import type { GroupView } from '../../../shared/api.ts';
import type { Promotion, RolloutView } from '../../../shared/api-promotions.ts';
import { timestamp } from '../../../shared/clock.ts';
import { type Holds, holdsOf } from '../../fleet/hold.ts';
import type { Db } from '../database.ts';
import { readGroup, type StoredGroup, storedGroup } from '../group-store.ts';
import { readHolds } from '../hold-store.ts';
import { imageBefore, readStablePromotions } from '../promotion-store.ts';
import { endedStates } from '../replacement-store.ts';
import { readRollouts, type StoredRollout } from '../rollout-store.ts';
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
  const holds = holdsOf(await readHolds(db, sight.now));
  const names = rows.map((row) => row.name);
  const counts = await countsOf(db, names, sight);
  const promoted = await readStablePromotions(db, names);
  const rollouts = await readRollouts(db, names);
  return pageOfRows(
    rows,
    query,
    (row) => [row.name],
    (row) => groupOf(storedGroup(row), counts, holds, promoted.get(row.name), rollouts),
  );
}

export async function findGroup(db: Db, name: string, sight: Sight): Promise<GroupView | undefined> {
  const stored = await readGroup(db, name);
  if (stored === undefined) return undefined;
  const holds = holdsOf(await readHolds(db, sight.now));
  const promoted = await readStablePromotions(db, [name]);
  const rollouts = await readRollouts(db, [name]);
  return groupOf(stored, await countsOf(db, [name], sight), holds, promoted.get(name), rollouts);
}

type Counts = ReadonlyMap<string, Awaited<ReturnType<typeof instanceCounts>>[number] & { readonly underWay: number }>;

async function countsOf(db: Db, names: readonly string[], sight: Sight): Promise<Counts> {
  if (names.length === 0) return new Map();
  const underWay = await db
    .selectFrom('replacement')
    .select((eb) => ['group_name', eb.fn.countAll<number>().as('n')])
    .where('state', 'not in', endedStates)
    .where('group_name', 'in', names)
    .groupBy('group_name')
    .execute();
  const replacements = new Map(underWay.map((row) => [row.group_name, row.n]));
  const rows = await instanceCounts(db, names, sight);
  return new Map(rows.map((row) => [row.group_name, { ...row, underWay: replacements.get(row.group_name) ?? 0 }]));
}

/** By group, retired ones left out. `alone` are those that are neither side of a replacement under way. */
function instanceCounts(db: Db, names: readonly string[], sight: Sight) {
  const count = (condition: Expression<SqlBool>) => sql<number>`count(case when ${condition} then 1 end)`;
  const isPartOfReplacement = sql<SqlBool>`exists (select 1 from replacement r
    where r.state not in (${sql.join([...endedStates])})
    and (r.old_instance_id = instance.id or instance.launch_key = 'r-' || r.id))`;
  return db
    .selectFrom('instance')
    .select([
      'group_name',
      count(sql`not ${isPartOfReplacement}`).as('alone'),
      count(contentIs('in_sync', sight)).as('in_sync'),
      count(contentIs('drifted', sight)).as('drifted'),
      count(contentIs('unverifiable', sight)).as('unverifiable'),
      count(sql`instance.taint_at is not null`).as('tainted'),
      count(sql`instance.lifecycle = 'replacing'`).as('replacing'),
    ])
    .where('lifecycle', '!=', 'retired')
    .where('group_name', 'in', names)
    .groupBy('group_name')
    .execute();
}

/** Old and new of a replacement under way are one of the group's size together. */
function groupOf(
  stored: StoredGroup,
  counts: Counts,
  holds: Holds,
  promoted: readonly Promotion[] = [],
  rollouts: readonly StoredRollout[] = [],
): GroupView {
  const count = counts.get(stored.group.name);
  return {
    group: stored.group,
    version: stored.version,
    size: (count?.alone ?? 0) + (count?.underWay ?? 0),
    content: {
      in_sync: count?.in_sync ?? 0,
      drifted: count?.drifted ?? 0,
      unverifiable: count?.unverifiable ?? 0,
    },
    tainted: count?.tainted ?? 0,
    replacing: count?.replacing ?? 0,
    breaker: stored.breaker,
    holds: [...holds.within(stored.group.name)],
    promotion: promoted.at(-1) ?? null,
    rollouts: rollouts.filter((one) => isPromoted(stored, one)).map(rolloutOf),
    rollsBackTo: imageBefore(promoted),
    updatedAt: stored.updatedAt,
  };
}

function isPromoted({ group }: StoredGroup, rollout: StoredRollout): boolean {
  return rollout.group === group.name && Object.values(group.images).includes(rollout.image);
}

function rolloutOf({ image, startedAt, soakedAt, paused }: StoredRollout): RolloutView {
  return {
    image,
    startedAt: timestamp(startedAt),
    soakedAt: soakedAt === null ? null : timestamp(soakedAt),
    paused: paused && { cause: paused.cause, at: timestamp(paused.at) },
  };
}
