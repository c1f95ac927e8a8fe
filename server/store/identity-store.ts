import type { Identity } from '../../shared/identity.ts';
import type { Db } from './database.ts';
import { prepared } from './prepared.ts';

/** By what an instance is known, as its last complete scan that said so told. */
export async function readIdentities(db: Db, instanceId: string): Promise<readonly Identity[]> {
  return ofInstance(db, { instanceId });
}

const ofInstance = prepared<{ instanceId: string }>()((db, gap) =>
  db.selectFrom('identity').select(['name', 'digest']).where('instance_id', '=', gap('instanceId')),
);

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
  const rows = await known(db, { instanceId, name, digest, limit });
  return rows.map(({ instance_id }) => instance_id);
}

const known = prepared<Identity & { readonly instanceId: string; readonly limit: number }>()((db, gap) =>
  db
    .selectFrom('identity')
    .innerJoin('instance', 'instance.id', 'identity.instance_id')
    .select('identity.instance_id')
    .where('identity.name', '=', gap('name'))
    .where('identity.digest', '=', gap('digest'))
    .where('identity.instance_id', '!=', gap('instanceId'))
    .where('instance.lifecycle', '!=', 'retired')
    .limit(gap('limit')),
);
