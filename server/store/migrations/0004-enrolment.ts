import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('join_token').addColumn('rate_uses', 'integer').execute();
  await db.schema.alterTable('join_token').addColumn('rate_ms', 'integer').execute();
  await db.schema.alterTable('join_token').addColumn('cidrs', 'text').execute();
  await db.schema.alterTable('join_token').addColumn('revoked_at', 'text').execute();
  await db.schema
    .alterTable('join_token')
    .addColumn('misused', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema.alterTable('join_token').addColumn('misuse_told_at', 'text').execute();

  await db.schema
    .createTable('image_link')
    .addColumn('cloud_image', 'text', (c) => c.primaryKey())
    .addColumn('image_digest', 'text', (c) => c.notNull().references('image.digest'))
    .addColumn('linked_at', 'text', (c) => c.notNull())
    .execute();

  // Until now there was no other way.
  await db.schema
    .alterTable('instance')
    .addColumn('enrolled_by', 'text', (c) => c.notNull().defaultTo('token'))
    .execute();
  await db.schema.alterTable('instance').addColumn('enrolled_with', 'text').execute();
  await db.schema.alterTable('instance').addColumn('started_from', 'text').execute();
  await db.schema
    .createIndex('instance_enrolled_with')
    .on('instance')
    .columns(['enrolled_with', 'enrolled_at'])
    .execute();
  await db.schema.createIndex('instance_machine').on('instance').column('provider_id').execute();
  await db.schema
    .createIndex('instance_started_from')
    .on('instance')
    .column('started_from')
    .where(sql.ref('started_from'), 'is not', null)
    .execute();
}
