import { type Kysely, sql } from 'kysely';

/** Columns are text unless said otherwise; `tables.ts` says what is in them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('image')
    .addColumn('entries_kept', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema
    .createTable('outside_look')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('instance_id', 'text', (c) => c.notNull().references('instance.id'))
    .addColumn('group_name', 'text', (c) => c.notNull())
    .addColumn('why', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('outcome', 'text')
    .addColumn('detail', 'text', (c) => c.notNull())
    .addColumn('request', 'text')
    .addColumn('answered_at', 'text')
    .addColumn('result', 'text')
    .addColumn('requested_at', 'text', (c) => c.notNull())
    .addColumn('started_at', 'text')
    .addColumn('finished_at', 'text')
    .execute();
  await db.schema.createIndex('look_of_instance').on('outside_look').columns(['instance_id', 'id']).execute();
  await db.schema.createIndex('look_of_group').on('outside_look').columns(['group_name', 'requested_at']).execute();
  // Two looks at one disk at once would say the same at twice the price.
  await db.schema
    .createIndex('look_one_active')
    .unique()
    .on('outside_look')
    .column('instance_id')
    .where(sql.ref('state'), '!=', 'ended')
    .execute();
}
