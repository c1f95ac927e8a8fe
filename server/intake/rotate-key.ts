import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Db } from '../store/database.ts';
import { appendEvent } from '../store/event-store.ts';
import { findInstanceByKey, type StoredInstance, setInstanceKey } from '../store/instance-store.ts';
import { hasRevokedKey, insertRevokedKey, isKeyRevoked } from '../store/revoked-key-store.ts';

/** An agent that changed its key with each hello would fill the table of keys, which is kept for ever, and that of events. */
const rotateEveryMs = 10_000;

/**
 * The next key of an instance takes the place of the one that signed for it, which opens no connection any more. Both have
 * signed the same nonce, so that neither was handed over. Undefined where it was changed only just now. Errors: FORBIDDEN for a key that somebody has or had.
 */
export async function rotateKey(
  tx: Db,
  instance: StoredInstance,
  next: { readonly keyId: string; readonly publicKey: string },
  now: number,
): Promise<StoredInstance | undefined> {
  const at = timestamp(now);
  if (await hasRevokedKey(tx, instance.id, timestamp(now - rotateEveryMs), at)) return undefined;
  const isTaken = (await findInstanceByKey(tx, next.keyId)) !== undefined || (await isKeyRevoked(tx, next.keyId));
  if (isTaken) throw new CodedError('FORBIDDEN', 'the next key is in use, or was');
  const { id, group, keyId } = instance;
  await setInstanceKey(tx, id, next);
  await insertRevokedKey(tx, { id: keyId, instanceId: id, reason: 'another took its place', at });
  const data = { from: keyId, to: next.keyId };
  await appendEvent(tx, { at, type: 'instance.key-rotated', groupName: group, instanceId: id, data });
  return { ...instance, ...next };
}
