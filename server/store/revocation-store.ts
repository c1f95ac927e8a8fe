import type { Selectable } from 'kysely';
import type { Revocation } from '../../shared/revocation.ts';
import type { Db } from './database.ts';
import { appendEvent } from './event-store.ts';
import type { RevocationTable } from './tables.ts';

/** Belongs into the transaction that has looked whether the proof is revoked already. */
export async function insertRevocation(tx: Db, revocation: Revocation): Promise<void> {
  const { replacementId, group, instanceId, shape, fingerprint, revokedAt, envelope } = revocation;
  await tx
    .insertInto('proof_revocation')
    .values({
      ...{ replacement_id: replacementId, group_name: group, instance_id: instanceId, shape, fingerprint },
      ...{ revoked_at: revokedAt, envelope: JSON.stringify(envelope) },
    })
    .execute();
  await appendEvent(tx, {
    ...{ at: revokedAt, type: 'proof.revoked', groupName: group, instanceId, replacementId },
    data: { shape, fingerprint },
  });
}

export async function findRevocation(db: Db, replacementId: string): Promise<Revocation | undefined> {
  const row = await db
    .selectFrom('proof_revocation')
    .selectAll()
    .where('replacement_id', '=', replacementId)
    .executeTakeFirst();
  return row && storedRevocation(row);
}

export function storedRevocation(row: Selectable<RevocationTable>): Revocation {
  return {
    replacementId: row.replacement_id,
    group: row.group_name,
    instanceId: row.instance_id,
    shape: row.shape,
    fingerprint: row.fingerprint,
    revokedAt: row.revoked_at,
    envelope: JSON.parse(row.envelope),
  };
}
