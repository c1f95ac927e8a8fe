import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Db } from '../store/database.ts';
import { getInstance } from '../store/instance-store.ts';
import type { Decision } from './decision.ts';
import { retireInstance } from './identities.ts';

/**
 * A person says that an instance is no more: its machine is gone, was imaged anew, or enrolled again under another key.
 * Nothing happens to a machine by it. Errors: NOT_FOUND, CONFLICT when it is retired, or is being replaced.
 */
export async function retire(db: Db, { instanceId, reason, actor }: Decision, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const instance = await getInstance(tx, instanceId);
    if (instance.lifecycle === 'retired' || instance.lifecycle === 'replacing') {
      const why = instance.lifecycle === 'retired' ? 'is retired' : 'is being replaced, which retires it';
      throw new CodedError('CONFLICT', `instance ${instanceId} ${why}`);
    }
    await retireInstance(tx, instanceId, timestamp(now), { reason, actor });
  });
}
