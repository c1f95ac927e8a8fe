import { type CreateTableBuilder, type Kysely, sql } from 'kysely';

/** What people decide: holds, tokens with roles, versions of what was declared, approvals, and the audit. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const table = (name: string) => db.schema.createTable(name).addColumn('id', 'text', (c) => c.primaryKey());

  await texts(
    table('hold'),
    ['scope', 'reason', 'author', 'created_at'],
    ['target', 'expires_at', 'lifted_at', 'lifted_by'],
  ).execute();
  await db.schema.createIndex('hold_in_force').on('hold').column('lifted_at').execute();

  await texts(
    table('access_token'),
    ['name', 'role', 'secret_hash', 'created_at', 'created_by'],
    ['expires_at', 'revoked_at', 'revoked_by', 'last_used_at'],
  )
    .addUniqueConstraint('access_token_secret', ['secret_hash'] as never)
    .execute();

  await texts(db.schema.createTable('spec_version'), ['kind', 'name', 'spec', 'actor', 'at'], [])
    .addColumn('version', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('spec_version_key', ['kind', 'name', 'version'] as never)
    .execute();
  // Until now there was one account.
  for (const [kind, from] of [
    ['Group', 'instance_group'],
    ['Policy', 'policy'],
  ] as const) {
    await sql`insert into spec_version (kind, name, version, spec, actor, at)
      select ${kind}, name, version, spec, 'admin', updated_at from ${sql.table(from)}`.execute(db);
  }

  await texts(table('approval_request'), ['group_name', 'policy', 'cause', 'target_digest', 'created_at'], [])
    .addColumn('policy_version', 'integer', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('approval_request_of_group').on('approval_request').column('group_name').execute();
  await texts(
    table('approval').addColumn('request_id', 'text', (c) => c.notNull().references('approval_request.id')),
    ['actor', 'reason', 'created_at', 'expires_at'],
    ['revoked_at', 'revoked_by'],
  )
    .addColumn('instances_max', 'integer', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('approval_of_request').on('approval').column('request_id').execute();
  await db.schema.alterTable('replacement').addColumn('approval', 'text').execute();
  await db.schema.createIndex('replacement_approval').on('replacement').column('approval').execute();

  await texts(
    db.schema.createTable('audit').addColumn('n', 'integer', (c) => c.primaryKey()),
    ['at', 'actor', 'what', 'data', 'previous', 'hash'],
    ['group_name', 'instance_id', 'replacement_id', 'before_digest', 'after_digest'],
  ).execute();
}

function texts<T extends string>(
  table: CreateTableBuilder<T>,
  needed: readonly string[],
  optional: readonly string[],
): CreateTableBuilder<T> {
  for (const name of needed) table = table.addColumn(name, 'text', (c) => c.notNull()) as CreateTableBuilder<T>;
  for (const name of optional) table = table.addColumn(name, 'text') as CreateTableBuilder<T>;
  return table;
}
