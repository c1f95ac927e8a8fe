import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('instance_group').addColumn('breaker_reset_at', 'text').execute();
}
