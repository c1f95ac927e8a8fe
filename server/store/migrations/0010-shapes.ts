import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('replacement')
    .addColumn('shapes', 'text', (column) => column.notNull().defaultTo('[]'))
    .execute();
  await db.schema.createIndex('replacement_created').on('replacement').column('created_at').execute();
}
