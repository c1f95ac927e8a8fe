import type { Kysely } from 'kysely';

/** That somebody said no to what waits for an approval. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of ['refused_at', 'refused_by', 'refused_reason'])
    await db.schema.alterTable('approval_request').addColumn(column, 'text').execute();
}
