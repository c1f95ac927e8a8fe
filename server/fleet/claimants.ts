import { timestamp } from '../../shared/clock.ts';
import type { DoubtKind } from '../../shared/doubt-text.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Db } from '../store/database.ts';
import { findInstancesOfMachine, getInstance, type StoredInstance } from '../store/instance-store.ts';
import type { Decision } from './decision.ts';
import { endDoubts, raiseDoubt } from './doubts.ts';
import { retireInstance } from './identities.ts';

/**
 * Two keys that both claim to be one machine, each with a document that its cloud has signed. One of them is a thief or a
 * machine that lost its key, and nobody here can tell which: neither is clean, and neither can have the machine replaced,
 * until a person accepts one.
 */

const kind: DoubtKind = 'claimed-twice';

/** One more is refused: two tell it all, and more would only be rows. */
export const claimantsMax = 2;

/** They are all stored already. */
export async function contest(tx: Db, claimants: readonly StoredInstance[], now: number): Promise<void> {
  const ids = claimants.map(({ id }) => id);
  for (const { id: instanceId, providerId: machine } of claimants) {
    await raiseDoubt(tx, { instanceId, kind, data: { machine, others: ids.filter((id) => id !== instanceId) } }, now);
  }
}

/**
 * Where one came in by the token of a launch and another because a cloud vouched for it, before the provider had said which
 * machine the launch made: they learn only now that they claim the same.
 */
export async function contestMachine(tx: Db, providerId: string, now: number): Promise<void> {
  const claiming = (await findInstancesOfMachine(tx, providerId)).filter(({ lifecycle }) => lifecycle !== 'retired');
  if (claiming.length > 1) await contest(tx, claiming, now);
}

/**
 * A person says which claimant is the machine: it counts again, the others are retired.
 * Errors: NOT_FOUND, CONFLICT where nobody else has claimed to be it, or another is being replaced.
 */
export async function acceptClaimant(db: Db, { instanceId, reason, actor }: Decision, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const accepted = await getInstance(tx, instanceId);
    const { lifecycle, doubts, providerId } = accepted;
    if (lifecycle === 'retired' || providerId === null || doubts.every((doubt) => doubt.kind !== kind))
      throw new CodedError('CONFLICT', `instance ${instanceId} is ${lifecycle}, and nobody else claims to be it`);

    const all = await findInstancesOfMachine(tx, providerId);
    const others = all.filter((one) => one.id !== instanceId && one.lifecycle !== 'retired');
    for (const other of others) {
      if (other.lifecycle === 'replacing')
        throw new CodedError('CONFLICT', `instance ${other.id} is being replaced: wait until that is over`);
      await retireInstance(tx, other.id, timestamp(now), { reason, actor, accepted: instanceId });
    }
    await endDoubts(tx, instanceId, [kind], { reason, actor, retired: others.map(({ id }) => id) }, now);
  });
}
