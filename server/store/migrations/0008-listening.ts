import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('listening')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('listened_at', 'text')
    .addColumn('away_since', 'text')
    .execute();
  // The last that a release before this one has heard.
  await sql`insert into listening (id, listened_at) select 1, max(last_seen_at) from instance`.execute(db);
}
