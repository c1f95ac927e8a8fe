import { createPublicKey } from 'node:crypto';
import { timestamp } from '../../shared/clock.ts';
import { Envelope, signEnvelope, unsignedEnvelope } from '../../shared/dsse.ts';
import {
  proofDigestOf,
  RevocationStatement,
  revocableMs,
  revocationOf,
  revocationPredicateType,
} from '../../shared/revocation.ts';
import { findRevocation, insertRevocation } from '../store/revocation-store.ts';
import type { House } from './house.ts';
import { replacementOfKey } from './launch-key.ts';
import type { FleetSnapshot, InstanceDrift } from './snapshot.ts';

/** What a replacement was to end, on the instance that it brought. */
export interface Recurrence {
  readonly replacementId: string;
  readonly group: string;
  readonly instanceId: string;
  readonly drift: InstanceDrift;
}

/** Pure. Of replacements that were begun for drift within a week. */
export function recurrencesOf({ groups }: FleetSnapshot): readonly Recurrence[] {
  return [...groups.values()].flatMap(({ group, instances, replaced }) => {
    const ended = new Map(replaced.map(({ replacementId, shapes }) => [replacementId, shapes]));
    return instances.flatMap(({ id: instanceId, launchKey, drifts }) => {
      const replacementId = replacementOfKey(launchKey) ?? '';
      const drift = drifts.find(({ shape }) => ended.get(replacementId)?.includes(shape));
      return drift === undefined ? [] : [{ replacementId, group: group.name, instanceId, drift }];
    });
  });
}

/** Takes a proof back, once, signed as it was, when the drift came back within a day of it. Answers whether it did. */
export async function revokeProof(
  { db, signer, clock, feed, log }: Pick<House, 'db' | 'signer' | 'clock' | 'feed' | 'log'>,
  { replacementId, group, instanceId, drift }: Recurrence,
): Promise<boolean> {
  const at = timestamp(clock.now());
  const { shape, fingerprint } = drift;
  const isRevoked = await db.transaction().execute(async (tx) => {
    const row = await tx
      .selectFrom('replacement')
      .select(['proof', 'updated_at'])
      .where('id', '=', replacementId)
      .where('state', '=', 'succeeded')
      .executeTakeFirst();
    if (!row?.proof || drift.firstSeenAt > Date.parse(row.updated_at) + revocableMs) return false;
    if ((await findRevocation(tx, replacementId)) !== undefined) return false;
    const proof = Envelope.parse(JSON.parse(row.proof));
    const told = { replacementId, group, instanceId, shape, fingerprint, revokedAt: at };
    const statement: RevocationStatement = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: replacementId, digest: { sha256: proofDigestOf(proof) } }],
      predicateType: revocationPredicateType,
      predicate: { ...told, seenAt: timestamp(drift.firstSeenAt) },
    };
    const payload = Buffer.from(JSON.stringify(RevocationStatement.parse(statement)), 'utf8');
    const envelope = signEnvelope(unsignedEnvelope(payload), signer.key);
    revocationOf(proof, [envelope], [createPublicKey(signer.key)]);
    await insertRevocation(tx, { ...told, envelope });
    return true;
  });
  if (!isRevoked) return false;
  feed.wake();
  log.error({ replacement: replacementId, group, instance: instanceId, shape }, 'replace: a proof was revoked');
  return true;
}
