import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('quarantine')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('group_name', 'text', (c) => c.notNull())
    .addColumn('instance_id', 'text', (c) => c.notNull())
    .addColumn('provider_id', 'text', (c) => c.notNull())
    .addColumn('replacement_id', 'text')
    .addColumn('owner', 'text', (c) => c.notNull())
    .addColumn('reason', 'text', (c) => c.notNull())
    .addColumn('severity', 'text')
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('snapshot_id', 'text')
    .addColumn('snapshot_at', 'text')
    .addColumn('keep_ms', 'integer', (c) => c.notNull())
    .addColumn('expires_at', 'text', (c) => c.notNull())
    .addColumn('released_at', 'text')
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('error', 'text')
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('updated_at', 'text', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('quarantine_of_instance').on('quarantine').column('instance_id').execute();
  await db.schema.createIndex('quarantine_in_state').on('quarantine').columns(['state', 'group_name']).execute();
  const columns = [
    ['launch_order', 'text', 'launch-first'],
    ['attempt', 'integer', 1],
  ] as const;
  for (const [name, type, value] of columns) {
    await db.schema
      .alterTable('replacement')
      .addColumn(name, type, (c) => c.notNull().defaultTo(value))
      .execute();
  }
  for (const name of ['keeping', 'lineage', 'reopened_at'])
    await db.schema.alterTable('replacement').addColumn(name, 'text').execute();
}
