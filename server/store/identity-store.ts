import type { Identity } from '../../shared/identity.ts';
import type { Db } from './database.ts';

/** By what an instance is known, as its last complete scan that said so told. */
export async function readIdentities(db: Db, instanceId: string): Promise<readonly Identity[]> {
  return db.selectFrom('identity').select(['name', 'digest']).where('instance_id', '=', instanceId).execute();
}

export async function writeIdentities(db: Db, instanceId: string, identities: readonly Identity[]): Promise<void> {
  await db.deleteFrom('identity').where('instance_id', '=', instanceId).execute();
  if (identities.length === 0) return;
  await db
    .insertInto('identity')
    .values(identities.map(({ name, digest }) => ({ instance_id: instanceId, name, digest })))
    .execute();
}

/** Instances beside this one, not retired, that are known by the same; a few are enough to decide by. */
export async function othersKnownBy(
  db: Db,
  instanceId: string,
  { name, digest }: Identity,
  limit: number,
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('identity')
    .innerJoin('instance', 'instance.id', 'identity.instance_id')
    .select('identity.instance_id')
    .where('identity.name', '=', name)
    .where('identity.digest', '=', digest)
    .where('identity.instance_id', '!=', instanceId)
    .where('instance.lifecycle', '!=', 'retired')
    .limit(limit)
    .execute();
  return rows.map(({ instance_id }) => instance_id);
}
