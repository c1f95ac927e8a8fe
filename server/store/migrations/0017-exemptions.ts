import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('instance').addColumn('exempt_until', 'text').execute();
  await db.schema
    .createTable('exemption')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('spec', 'text', (c) => c.notNull())
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('placed_version', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('author', 'text', (c) => c.notNull())
    .addColumn('declared_at', 'text', (c) => c.notNull())
    .addColumn('until', 'text', (c) => c.notNull())
    .addColumn('expired_at', 'text')
    .addColumn('ended_at', 'text')
    .addColumn('ended_by', 'text')
    .addColumn('ended_reason', 'text')
    .execute();
  await db.schema
    .createTable('exempt_finding')
    .addColumn('instance_id', 'text', (c) => c.notNull().references('instance.id'))
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addColumn('exemption', 'text', (c) => c.notNull().references('exemption.name'))
    .addColumn('until', 'text', (c) => c.notNull())
    .addColumn('counted', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('tainted_at', 'text')
    .addColumn('judged', 'integer', (c) => c.notNull().defaultTo(0))
    .addPrimaryKeyConstraint('exempt_finding_key', ['instance_id', 'fingerprint', 'exemption'])
    .execute();
  await db.schema.createIndex('exempt_finding_of').on('exempt_finding').column('exemption').execute();
  await db.schema
    .createIndex('exempt_finding_due')
    .on('exempt_finding')
    .columns(['judged', 'counted', 'until'])
    .execute();
  await db.schema
    .createTable('webhook')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('configured', 'integer', (c) => c.notNull())
    .addColumn('address', 'text', (c) => c.notNull())
    .addColumn('receiver', 'text', (c) => c.notNull())
    .addColumn('events', 'text', (c) => c.notNull())
    .addColumn('source', 'text', (c) => c.notNull())
    .addColumn('disabled_at', 'text')
    .addColumn('disabled_reason', 'text')
    .addColumn('delivered', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('dead', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('unlisted', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('unlisted_since', 'text')
    .addColumn('last_delivered_at', 'text')
    .execute();
  await db.schema
    .createTable('outbox')
    .addColumn('n', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('message_id', 'text', (c) => c.notNull().unique())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('at', 'text', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('next_at', 'text')
    .addColumn('error', 'text')
    .addColumn('ended_at', 'text')
    .execute();
  await db.schema.createIndex('outbox_state').on('outbox').columns(['state', 'next_at']).execute();
}
