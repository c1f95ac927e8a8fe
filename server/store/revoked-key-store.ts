import type { Db } from './database.ts';

export interface RevokedKey {
  /** keyId of an agent's public key. */
  readonly id: string;
  readonly instanceId: string;
  readonly reason: string;
  readonly at: string;
}

/** Revoking a revoked key changes nothing; it keeps its first reason. Returns whether it is new. */
export async function insertRevokedKey(db: Db, { id, instanceId, reason, at }: RevokedKey): Promise<boolean> {
  const row = { id, instance_id: instanceId, reason, revoked_at: at };
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('revoked_key')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

export async function isKeyRevoked(db: Db, id: string): Promise<boolean> {
  return (await db.selectFrom('revoked_key').select('id').where('id', '=', id).executeTakeFirst()) !== undefined;
}

/** Whether a key of this instance was revoked after `from`, and not later than `until`. */
export async function hasRevokedKey(db: Db, instanceId: string, from: string, until: string): Promise<boolean> {
  const row = await db
    .selectFrom('revoked_key')
    .select('id')
    .where('instance_id', '=', instanceId)
    .where('revoked_at', '>', from)
    .where('revoked_at', '<=', until)
    .executeTakeFirst();
  return row !== undefined;
}
