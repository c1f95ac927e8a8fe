import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Db } from '../store/database.ts';
import { getInstance } from '../store/instance-store.ts';
import { insertRevokedKey } from '../store/revoked-key-store.ts';
import type { Decision } from './decision.ts';
import { raiseDoubt } from './doubts.ts';

/**
 * The key of an instance opens no connection any more, now and for ever: it was stolen, or nobody knows who has it. The
 * instance stands, in doubt, until it is replaced or retired; its machine may enrol anew with another key.
 * Errors: NOT_FOUND, CONFLICT when it is revoked already.
 */
export async function revokeKey(db: Db, { instanceId, reason, actor }: Decision, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const instance = await getInstance(tx, instanceId);
    const { keyId } = instance;
    if (!(await insertRevokedKey(tx, { id: keyId, instanceId, reason, at: timestamp(now) })))
      throw new CodedError('CONFLICT', `the key of instance ${instanceId} was revoked before`);
    await raiseDoubt(tx, { instanceId, kind: 'key-revoked', data: { key: keyId, reason, actor } }, now);
  });
}
