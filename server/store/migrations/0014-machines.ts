import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('machine')
    .addColumn('group_name', 'text', (column) => column.notNull())
    .addColumn('provider_id', 'text', (column) => column.notNull())
    .addColumn('zone', 'text')
    .addColumn('first_listed_at', 'text', (column) => column.notNull())
    .addColumn('told', 'text')
    .addPrimaryKeyConstraint('machine_key', ['group_name', 'provider_id'])
    .execute();
  await db.schema
    .createTable('replacement_request')
    .addColumn('instance_id', 'text', (column) => column.primaryKey().references('instance.id'))
    .addColumn('policy', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('asked_at', 'text', (column) => column.notNull())
    .execute();
  await db.schema.alterTable('replacement').addColumn('zone', 'text').execute();
}
