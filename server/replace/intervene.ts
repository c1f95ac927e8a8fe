import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import { freeIdentities } from '../fleet/identities.ts';
import type { Db } from '../store/database.ts';
import { appendEvent } from '../store/event-store.ts';
import { resetQuarantineAttempts } from '../store/quarantine-store.ts';
import {
  endedStates,
  findReplacementRecord,
  moveReplacement,
  type Replacement,
  releaseOld,
  reopenLineage,
  retireLaunched,
} from '../store/replacement-store.ts';
import { launchKeyOf } from './launch-key.ts';
import { isPastReturn } from './world.ts';

/** What a person decides about a replacement, and why; kept with its steps. */
export interface Intervention {
  readonly id: string;
  readonly reason: string;
  readonly actor: string;
}

/**
 * Gives it up while there is a way back: what was launched goes, the old instance stays. Errors: NOT_FOUND; CONFLICT where it
 * has ended, is rolled back already, or is past its point of no return.
 */
export async function abortReplacement(db: Db, { id, reason, actor }: Intervention, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const replacement = await get(tx, id);
    const { state } = replacement;
    if (isPastReturn(replacement))
      throw new CodedError('CONFLICT', `replacement ${id} is past its point of no return: it goes on, or gets stuck`);
    if (endedStates.includes(state) || state === 'rolling_back' || state === 'stuck')
      throw new CodedError('CONFLICT', `replacement ${id} is ${state}`);
    const error = `aborted by ${actor}: ${reason}`;
    const to = state === 'reserved' ? 'failed' : 'rolling_back';
    await moveReplacement(tx, replacement, { to, detail: error, set: { error, deadlineAt: null } }, now);
    if (to === 'failed') await releaseOld(tx, replacement);
  });
}

/**
 * Tries a stuck one again from where it got stuck; one that launches after its predecessor had to go launches anew, and what it
 * had launched is ended. Of one that failed and will not be retried by itself, lets the next one begin. Errors: NOT_FOUND;
 * CONFLICT where it is neither.
 */
export async function retryReplacement(db: Db, { id, reason, actor }: Intervention, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const replacement = await get(tx, id);
    const { state, group, oldInstanceId: instanceId } = replacement;
    if (state === 'failed') {
      await reopenLineage(tx, replacement, now);
      const data = { reason, actor, providerId: replacement.oldProviderId };
      const about = { groupName: group, instanceId, replacementId: id };
      await appendEvent(tx, { at: timestamp(now), type: 'replacement.reopened', ...about, data });
      return;
    }
    if (state !== 'stuck')
      throw new CodedError('CONFLICT', `replacement ${id} is ${state}: only a stuck or failed one is retried`);
    const from = replacement.path.findLast((one) => one !== 'stuck') ?? 'reserved';
    const launches = from === 'launching' || from === 'verifying';
    const away = replacement.path.includes('quarantining') ? 'quarantining' : 'terminating';
    const detail = `tried again by ${actor}: ${reason}`;
    const deadlineAt = from === 'soaking' ? now : null;
    await moveReplacement(tx, replacement, { to: launches ? away : from, detail, set: { deadlineAt } }, now);
    await resetQuarantineAttempts(tx, instanceId);
    if (!launches) return;
    const at = timestamp(now);
    for (const made of await retireLaunched(tx, launchKeyOf(id), at)) await freeIdentities(tx, made, at);
  });
}

async function get(tx: Db, id: string): Promise<Replacement> {
  const replacement = await findReplacementRecord(tx, id);
  if (replacement === undefined) throw new CodedError('NOT_FOUND', `there is no replacement ${id}`);
  return replacement;
}
