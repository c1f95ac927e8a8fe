import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.createIndex('join_token_machine').on('join_token').column('provider_id').execute();
}
