import { type CreateTableBuilder, type Kysely, sql } from 'kysely';

type Table = CreateTableBuilder<string, string>;

/** Columns are text unless said otherwise; `tables.ts` says what is in them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const table = (name: string): Table => db.schema.createTable(name) as Table;

  await text(
    table('trusted_key').addColumn('id', 'text', (c) => c.primaryKey()),
    'name',
    'pem',
    'trusted_at',
  ).execute();

  await text(
    table('image').addColumn('digest', 'text', (c) => c.primaryKey()),
    ...['name', 'version', 'manifest', 'rules', 'platform', 'signed_by', 'pushed_at'],
  )
    .addColumn('entries', 'integer', (c) => c.notNull())
    .addColumn('rules_sequence', 'integer', (c) => c.notNull())
    .addUniqueConstraint('image_name_version', ['name', 'version'])
    .execute();

  await text(
    table('rules').addColumn('image_name', 'text', (c) => c.notNull()),
    ...['digest', 'envelope', 'state', 'signed_by', 'pushed_at'],
  )
    .addColumn('sequence', 'integer', (c) => c.notNull())
    .addColumn('activated_at', 'text')
    .addColumn('ended_at', 'text')
    .addPrimaryKeyConstraint('rules_key', ['image_name', 'sequence'])
    .execute();
  // The last line of defence against two sets of rules in force at once.
  await db.schema
    .createIndex('rules_one_active')
    .unique()
    .on('rules')
    .column('image_name')
    .where(sql.ref('state'), '=', 'active')
    .execute();

  await text(
    table('join_token').addColumn('id', 'text', (c) => c.primaryKey()),
    ...['secret_hash', 'group_name', 'image_digest', 'labels', 'created_at', 'expires_at'],
  )
    .addColumn('launch_key', 'text')
    .addColumn('provider_id', 'text')
    .addColumn('uses', 'integer', (c) => c.notNull())
    .addColumn('uses_max', 'integer', (c) => c.notNull())
    .addUniqueConstraint('join_token_secret', ['secret_hash'])
    .addCheckConstraint('join_token_uses', sql`uses <= uses_max`)
    .execute();

  await text(
    table('instance_group').addColumn('name', 'text', (c) => c.primaryKey()),
    'spec',
    'updated_at',
  )
    .addColumn('version', 'integer', (c) => c.notNull())
    .addColumn('breaker_cause', 'text')
    .addColumn('breaker_at', 'text')
    .execute();

  await text(
    table('policy').addColumn('name', 'text', (c) => c.primaryKey()),
    'spec',
    'updated_at',
  )
    .addColumn('version', 'integer', (c) => c.notNull())
    .execute();

  await text(
    table('instance').addColumn('id', 'text', (c) => c.primaryKey()),
    ...['key_id', 'public_key', 'group_name', 'image_digest', 'labels', 'lifecycle', 'verdict', 'verdict_at'],
    ...['enrolled_at', 'last_seen_at', 'agent_version', 'facts'],
  )
    .addColumn('launch_key', 'text')
    .addColumn('provider_id', 'text')
    .addColumn('taint_severity', 'text')
    .addColumn('taint_at', 'text')
    .addColumn('boot', 'integer', (c) => c.notNull())
    .addColumn('seq', 'integer', (c) => c.notNull())
    .addColumn('rules', 'integer', (c) => c.notNull())
    .addColumn('state_digest', 'text')
    .addColumn('scan_id', 'text')
    .addColumn('scan_boot', 'integer')
    .addColumn('scan_seq', 'integer')
    .addColumn('scan_started_at', 'text')
    .addColumn('scan_finished_at', 'text')
    .addColumn('coverage', 'text')
    .addColumn('pending_scan', 'text')
    .addUniqueConstraint('instance_key', ['key_id'])
    .execute();
  await db.schema.createIndex('instance_of_group').on('instance').columns(['group_name', 'lifecycle']).execute();
  await db.schema.createIndex('instance_launch').on('instance').column('launch_key').execute();

  await text(
    table('drift').addColumn('fingerprint', 'text', (c) => c.primaryKey()),
    ...['subject', 'name', 'change', 'attributes', 'expected', 'actual', 'first_seen_at'],
  ).execute();

  await text(
    table('finding')
      .addColumn('instance_id', 'text', (c) => c.notNull().references('instance.id'))
      .addColumn('fingerprint', 'text', (c) => c.notNull().references('drift.fingerprint')),
    ...['severity', 'rule', 'first_seen_at', 'last_seen_at', 'scan_id', 'tainting_since', 'rest'],
  )
    .addColumn('rules', 'integer', (c) => c.notNull())
    .addColumn('by_rules', 'integer')
    .addColumn('closed_at', 'text')
    .addColumn('relabel', 'text')
    .addColumn('folded', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('diff', 'text')
    .addColumn('actors', 'text')
    .addColumn('changes', 'integer')
    .addPrimaryKeyConstraint('finding_key', ['instance_id', 'fingerprint'])
    .execute();
  await db.schema.createIndex('finding_of_drift').on('finding').columns(['fingerprint', 'closed_at']).execute();
  await db.schema
    .createIndex('finding_open')
    .on('finding')
    .columns(['instance_id', 'scan_id'])
    .where(sql.ref('closed_at'), 'is', null)
    .execute();

  await text(
    table('relabel').addColumn('instance_id', 'text', (c) => c.notNull().references('instance.id')),
    ...['kind', 'severity', 'first_seen_at', 'last_seen_at'],
  )
    .addColumn('files', 'integer', (c) => c.notNull())
    .addColumn('closed_at', 'text')
    .addPrimaryKeyConstraint('relabel_key', ['instance_id', 'kind'])
    .execute();

  await text(
    table('identity').addColumn('instance_id', 'text', (c) => c.notNull().references('instance.id')),
    ...['name', 'digest'],
  )
    .addPrimaryKeyConstraint('identity_key', ['instance_id', 'name'])
    .execute();
  await db.schema.createIndex('identity_of_many').on('identity').columns(['name', 'digest']).execute();

  await text(
    table('evidence')
      .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
      .addColumn('instance_id', 'text', (c) => c.notNull().references('instance.id')),
    ...['image_digest', 'verdict', 'state_digest', 'from_at', 'to_at'],
  )
    .addColumn('rules', 'integer', (c) => c.notNull())
    .addColumn('scans', 'integer', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('evidence_of_instance').on('evidence').columns(['instance_id', 'to_at']).execute();

  await text(
    table('report').addColumn('instance_id', 'text', (c) => c.notNull().references('instance.id')),
    ...['scan_id', 'received_at'],
  )
    .addColumn('boot', 'integer', (c) => c.notNull())
    .addColumn('seq', 'integer', (c) => c.notNull())
    .addColumn('opened', 'integer', (c) => c.notNull())
    .addColumn('cleared', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('report_key', ['instance_id', 'boot', 'seq'])
    .execute();

  await text(
    table('replacement').addColumn('id', 'text', (c) => c.primaryKey()),
    ...['group_name', 'policy', 'cause', 'state', 'target_digest', 'old_instance_id', 'old_provider_id'],
    ...['created_at', 'updated_at'],
  )
    .addColumn('policy_version', 'integer', (c) => c.notNull())
    .addColumn('new_instance_id', 'text')
    .addColumn('new_provider_id', 'text')
    .addColumn('launched_at', 'text')
    .addColumn('retired_at', 'text')
    .addColumn('deadline_at', 'text')
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('scan', 'text')
    .addColumn('error', 'text')
    .addColumn('proof', 'text')
    .execute();
  await db.schema.createIndex('replacement_state').on('replacement').columns(['state', 'group_name']).execute();
  // The last line of defence against two replacements of one instance, whatever the planner thinks.
  await db.schema
    .createIndex('replacement_one_active')
    .unique()
    .on('replacement')
    .column('old_instance_id')
    .where(sql.ref('state'), 'not in', ['succeeded', 'failed'])
    .execute();

  await text(
    table('replacement_step').addColumn('replacement_id', 'text', (c) => c.notNull().references('replacement.id')),
    ...['state', 'detail', 'at'],
  )
    .addColumn('n', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('replacement_step_key', ['replacement_id', 'n'])
    .execute();

  await text(
    table('launch').addColumn('key', 'text', (c) => c.primaryKey()),
    'group_name',
    'created_at',
  )
    .addColumn('provider_id', 'text')
    .execute();

  // Autoincrement: an id that has been pruned is never given again, since readers resume by it.
  await text(
    table('event').addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement()),
    ...['at', 'type', 'data'],
  )
    .addColumn('group_name', 'text')
    .addColumn('instance_id', 'text')
    .addColumn('replacement_id', 'text')
    .execute();
}

function text(table: Table, ...columns: readonly string[]): Table {
  return columns.reduce((so, column) => so.addColumn(column, 'text', (c) => c.notNull()), table);
}
