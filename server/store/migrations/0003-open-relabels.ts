import { type Kysely, sql } from 'kysely';

/** Few findings may be part of a relabel: whether any are open is asked with most reports. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('finding_open_relabel')
    .on('finding')
    .columns(['instance_id', 'relabel'])
    .where(sql.ref('closed_at'), 'is', null)
    .where(sql.ref('relabel'), 'is not', null)
    .execute();
}
