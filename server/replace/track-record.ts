import { timestamp } from '../../shared/clock.ts';
import type { Db } from '../store/database.ts';
import type { ReplacedDrift } from './snapshot.ts';

/** What the replacements so far say of those to come. Times are milliseconds since the epoch. */

const hourMs = 3_600_000;
const weekMs = 7 * 24 * hourMs;
/** Of replacements, the latest: of all groups, and of one. Fewer than the least say nothing typical. */
const [durationsMax, durationsOfGroupMax, durationsMin] = [2_000, 50, 3];

/** When those of the last hour were started. */
export async function readStarts(db: Db, now: number): Promise<readonly number[]> {
  const rows = await db
    .selectFrom('replacement')
    .select('created_at')
    .where('created_at', '>', timestamp(now - hourMs))
    .execute();
  return rows.map((row) => Date.parse(row.created_at));
}

/** How many succeeded, by policy. */
export async function readSoaked(db: Db): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('replacement')
    .select((eb) => ['policy', eb.fn.countAll<number>().as('count')])
    .where('state', '=', 'succeeded')
    .groupBy('policy')
    .execute();
  return new Map(rows.map((row) => [row.policy, Number(row.count)]));
}

/** How many failed since the last one that succeeded, by group. */
export async function readFailures(
  db: Db,
): Promise<ReadonlyMap<string, { readonly count: number; readonly lastAt: number }>> {
  const rows = await db
    .selectFrom('replacement as failed')
    .select((eb) => [
      'group_name',
      eb.fn.countAll<number>().as('count'),
      eb.fn.max<string>('failed.updated_at').as('last'),
    ])
    .where('state', '=', 'failed')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('replacement as good')
            .select('good.id')
            .whereRef('good.group_name', '=', 'failed.group_name')
            .where('good.state', '=', 'succeeded')
            .whereRef('good.updated_at', '>', 'failed.updated_at'),
        ),
      ),
    )
    .groupBy('group_name')
    .execute();
  return new Map(rows.map((row) => [row.group_name, { count: Number(row.count), lastAt: Date.parse(row.last) }]));
}

/** How long nearly all of the last ones took to where there is no way back: the 95th percentile, by group. */
export async function readTypicalMs(db: Db): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('replacement')
    .innerJoin('replacement_step as step', 'step.replacement_id', 'replacement.id')
    .select(['replacement.group_name', 'replacement.created_at', 'step.at'])
    .where('step.state', 'in', ['terminating', 'quarantining'])
    .orderBy('replacement.id', 'desc')
    .limit(durationsMax)
    .execute();
  const byGroup = Map.groupBy(rows, ({ group_name: group }) => group);
  return new Map(
    [...byGroup].flatMap(([group, own]) => {
      const took = own.slice(0, durationsOfGroupMax).map((row) => Date.parse(row.at) - Date.parse(row.created_at));
      if (took.length < durationsMin) return [];
      return [[group, took.sort((a, b) => a - b)[Math.ceil(took.length * 0.95) - 1]!]];
    }),
  );
}

/** What was replaced within a week because it was drifted, and how; by group. At thirty starts an hour, five thousand. */
export async function readReplaced(db: Db, now: number): Promise<ReadonlyMap<string, readonly ReplacedDrift[]>> {
  const rows = await db
    .selectFrom('replacement')
    .select(['id', 'group_name', 'old_instance_id', 'created_at', 'shapes'])
    .where('created_at', '>', timestamp(now - weekMs))
    .where('shapes', '!=', '[]')
    .orderBy('id')
    .execute();
  const entries = rows.map((row) => ({
    group: row.group_name,
    replaced: {
      replacementId: row.id,
      instanceId: row.old_instance_id,
      at: Date.parse(row.created_at),
      shapes: JSON.parse(row.shapes) as readonly string[],
    },
  }));
  return new Map(
    [...Map.groupBy(entries, ({ group }) => group)].map(([group, own]) => [group, own.map(({ replaced }) => replaced)]),
  );
}

/** The last one that failed before its predecessor went, of an instance that is still there, and of one trigger. */
export interface FailedBefore {
  readonly lineage: string;
  readonly attempt: number;
  readonly failedAt: number;
}

/** By group, and there by `lineageKey`. Those that a person has let go on count no more. */
export async function readFailedBefore(
  db: Db,
  timeOf: (at: number) => number,
): Promise<ReadonlyMap<string, ReadonlyMap<string, FailedBefore>>> {
  const rows = await db
    .selectFrom('replacement')
    .innerJoin('instance', 'instance.id', 'replacement.old_instance_id')
    .select(['replacement.id', 'replacement.group_name', 'replacement.cause', 'replacement.lineage'])
    .select(['replacement.attempt', 'replacement.updated_at', 'replacement.old_instance_id', 'replacement.reopened_at'])
    .where('instance.lifecycle', '!=', 'retired')
    .where('replacement.state', '=', 'failed')
    .where('replacement.retired_at', 'is', null)
    .orderBy('replacement.id')
    .execute();
  const byGroup = new Map<string, Map<string, FailedBefore>>();
  for (const row of rows) {
    const own = byGroup.get(row.group_name) ?? new Map<string, FailedBefore>();
    byGroup.set(row.group_name, own);
    const key = lineageKey(row.old_instance_id, JSON.parse(row.cause).trigger);
    const last = { lineage: row.lineage ?? row.id, attempt: row.attempt, failedAt: timeOf(Date.parse(row.updated_at)) };
    if (row.reopened_at === null) own.set(key, last);
    else own.delete(key);
  }
  return byGroup;
}

export function lineageKey(instanceId: string, trigger: string): string {
  return `${trigger} ${instanceId}`;
}
