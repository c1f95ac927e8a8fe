import type { Db } from './database.ts';

/** When this server listened, as it wrote itself. */
export interface Listening {
  /** Null before the first time. */
  readonly listenedAt: string | null;
  /** Its `listenedAt` of before an absence, as long as the fleet has not come back from it. */
  readonly awaySince: string | null;
}

export async function readListening(db: Db): Promise<Listening> {
  const row = await db.selectFrom('listening').selectAll().executeTakeFirstOrThrow();
  return { listenedAt: row.listened_at, awaySince: row.away_since };
}

export async function writeListening(db: Db, { listenedAt, awaySince }: Listening): Promise<void> {
  await db.updateTable('listening').set({ listened_at: listenedAt, away_since: awaySince }).execute();
}

export interface HeardInstance {
  readonly id: string;
  readonly group: string;
  readonly providerId: string | null;
}

/** Those that are not retired and were heard then or later. */
export async function listHeardSince(db: Db, at: string): Promise<readonly HeardInstance[]> {
  return db
    .selectFrom('instance')
    .select(['id', 'group_name as group', 'provider_id as providerId'])
    .where('lifecycle', '!=', 'retired')
    .where('last_seen_at', '>=', at)
    .execute();
}
