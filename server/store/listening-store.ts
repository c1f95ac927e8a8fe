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
