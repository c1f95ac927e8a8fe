import { sql } from 'kysely';
import type { Finding } from '../../shared/finding.ts';
import type { Db } from './database.ts';
import { rankOfRow } from './relabel-store.ts';

/** Columns of what an instance tells people of its finding beside the difference: its alone, and covered by no fingerprint. */
export function detailsOf({ diff, actors = [], changes }: Finding) {
  return {
    diff: diff === undefined ? null : JSON.stringify(diff),
    actors: actors.length === 0 ? null : JSON.stringify(actors),
    changes: changes ?? null,
  };
}

/**
 * The same columns of a finding that is listed again. An agent that has started again knows nobody and counts from the
 * beginning: while the finding is open, those who were told stay until others are, and the count never falls. When it
 * opens again, it is told anew.
 */
export const detailsSeenAgain = {
  diff: sql<string | null>`excluded.diff`,
  actors: sql<string | null>`case when finding.closed_at is null
    then coalesce(excluded.actors, finding.actors) else excluded.actors end`,
  changes: sql<number | null>`case when finding.closed_at is null and finding.changes > coalesce(excluded.changes, 0)
    then finding.changes else excluded.changes end`,
};

/** Forgets what is too much of one instance, once it has listed these findings. */
export async function boundDetails(db: Db, instanceId: string, listed: readonly Finding[]): Promise<void> {
  if (listed.some(({ diff }) => diff !== undefined && 'text' in diff)) await forgetDiffs(db, instanceId);
  if (listed.some(({ actors = [] }) => actors.length > 0)) await forgetActors(db, instanceId);
}

/** Of one instance, open ones first, then those seen last. Agents of ours keep half as many. */
const diffsMax = 256;
/** How the JSON of a diff with text begins, as the schema orders it. The others are a word each. */
const withText = '{"text":%';

async function forgetDiffs(db: Db, instanceId: string): Promise<void> {
  const kept = db
    .selectFrom('finding')
    .select('fingerprint')
    .where('instance_id', '=', instanceId)
    .where('diff', 'like', withText)
    .orderBy(sql`closed_at is not null`)
    .orderBy('last_seen_at', 'desc')
    .orderBy('fingerprint')
    .limit(diffsMax);
  await db
    .updateTable('finding')
    .set({ diff: null })
    .where('instance_id', '=', instanceId)
    .where('diff', 'like', withText)
    .where('fingerprint', 'not in', kept)
    .execute();
}

/**
 * Of one instance: some three thousand findings with an actor each, and more than the most that one finding can have. Open
 * ones stay first, the gravest, then those that opened first: noise that somebody makes later, or that is slight, drives
 * out nobody. Then those that closed last.
 */
const actorCharsMax = 1_048_576;

async function forgetActors(db: Db, instanceId: string): Promise<void> {
  const told = db
    .selectFrom('finding')
    .select([
      'fingerprint',
      sql<number>`sum(length(actors)) over (order by closed_at is not null, closed_at desc, ${rankOfRow} desc,
        first_seen_at, fingerprint)`.as('chars'),
    ])
    .where('instance_id', '=', instanceId)
    .where('actors', 'is not', null);
  await db
    .updateTable('finding')
    .set({ actors: null })
    .where('instance_id', '=', instanceId)
    .where('actors', 'is not', null)
    .where('fingerprint', 'not in', (eb) =>
      eb.selectFrom(told.as('told')).select('told.fingerprint').where('told.chars', '<=', actorCharsMax),
    )
    .execute();
}
