import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Db } from '../store/database.ts';
import { appendEvent } from '../store/event-store.ts';
import { getInstance, updateInstance } from '../store/instance-store.ts';
import type { Decision } from './decision.ts';

/**
 * Lifts the taint of an instance: a person says that its drift does not matter. Findings that are open stay open, and
 * the verdict stays drifted; a finding that opens later taints anew. Errors: NOT_FOUND, CONFLICT without a taint.
 */
export async function pardon(db: Db, { instanceId, reason, actor }: Decision, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const instance = await getInstance(tx, instanceId);
    if (instance.taint === null) throw new CodedError('CONFLICT', `instance ${instanceId} is not tainted`);
    await updateInstance(tx, { ...instance, taint: null });
    await appendEvent(tx, {
      at: timestamp(now),
      type: 'instance.pardoned',
      groupName: instance.group,
      instanceId,
      data: { reason, actor, severity: instance.taint.severity, since: instance.taint.since },
    });
  });
}
