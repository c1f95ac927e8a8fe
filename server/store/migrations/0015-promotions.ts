import type { Kysely } from 'kysely';

/** Columns are text unless said otherwise; `tables.ts` says what is in them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('promotion')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('group_name', 'text', (c) => c.notNull())
    .addColumn('channel', 'text', (c) => c.notNull())
    .addColumn('image', 'text')
    .addColumn('previous', 'text')
    .addColumn('how', 'text', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('reason', 'text')
    .addColumn('at', 'text', (c) => c.notNull())
    .execute();
  await db.schema.alterTable('replacement').addColumn('policy_digest', 'text').execute();
  await db.schema.alterTable('replacement').addColumn('soak_ends_at', 'text').execute();
  await db.schema
    .createTable('proof_revocation')
    .addColumn('replacement_id', 'text', (c) => c.primaryKey().references('replacement.id'))
    .addColumn('group_name', 'text', (c) => c.notNull())
    .addColumn('instance_id', 'text', (c) => c.notNull())
    .addColumn('shape', 'text', (c) => c.notNull())
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addColumn('revoked_at', 'text', (c) => c.notNull())
    .addColumn('envelope', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .alterTable('replacement')
    .addColumn('blames_new', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema
    .createTable('rollout')
    .addColumn('group_name', 'text', (c) => c.notNull())
    .addColumn('image', 'text', (c) => c.notNull())
    .addColumn('started_at', 'text', (c) => c.notNull())
    .addColumn('soaked_at', 'text')
    .addColumn('paused_at', 'text')
    .addColumn('paused_cause', 'text')
    .addColumn('resumed_at', 'text')
    .addPrimaryKeyConstraint('rollout_key', ['group_name', 'image'])
    .execute();
  await db.schema.createIndex('promotion_of_group').on('promotion').columns(['group_name', 'id']).execute();
}
