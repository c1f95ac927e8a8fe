import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Db } from '../store/database.ts';
import { appendEvent } from '../store/event-store.ts';
import { openFindings } from '../store/finding-store.ts';
import { findInstance, findInstancesOfMachine, type StoredInstance, updateInstance } from '../store/instance-store.ts';
import { appendChangeEvents } from './change-events.ts';
import { retireInstance } from './identities.ts';
import { holeOf, withoutServerHole, withServerHole } from './server-holes.ts';
import { withVerdict } from './verdict.ts';

/**
 * Two keys that both claim to be one machine, each with a document that its cloud has signed. One of them is a thief or a
 * machine that lost its key, and nobody here can tell which: neither is clean, and neither can have the machine replaced,
 * until a person accepts one.
 */

/** One more is refused: two tell it all, and more would only be rows. */
export const claimantsMax = 2;

/** The newcomer as it must stand beside those who claim its machine already; they are frozen with it. */
export async function contest(
  tx: Db,
  newcomer: StoredInstance,
  others: readonly StoredInstance[],
  at: string,
): Promise<StoredInstance> {
  const machine = newcomer.providerId ?? '';
  const claimants = [...others, newcomer].map(({ id }) => id);
  for (const before of others) {
    const frozen = withServerHole(before, 'contested', machine);
    const after = withVerdict(frozen, await openFindings(tx, before.id), at);
    await updateInstance(tx, after);
    await appendChangeEvents(tx, { before, after, opened: [], closed: [], scanId: null, at });
    await tellContested(tx, before, claimants, at);
  }
  return withServerHole(newcomer, 'contested', machine);
}

export async function tellContested(
  tx: Db,
  { id: instanceId, group: groupName, providerId, keyId: key }: StoredInstance,
  claimants: readonly string[],
  at: string,
): Promise<void> {
  const data = { machine: providerId, key, others: claimants.filter((one) => one !== instanceId) };
  await appendEvent(tx, { at, type: 'instance.contested', groupName, instanceId, data });
}

/**
 * A person says which claimant is the machine: it counts again, the others are retired. Answers who went.
 * Errors: NOT_FOUND, CONFLICT where nobody else claims to be it.
 */
export async function acceptClaimant(
  db: Db,
  { instanceId, reason, actor }: { readonly instanceId: string; readonly reason: string; readonly actor: string },
  now: number,
): Promise<readonly string[]> {
  const at = timestamp(now);
  return db.transaction().execute(async (tx) => {
    const before = await findInstance(tx, instanceId);
    if (before === undefined) throw new CodedError('NOT_FOUND', `there is no instance ${instanceId}`);
    if (before.lifecycle === 'retired' || holeOf(before, 'contested') === undefined || before.providerId === null)
      throw new CodedError(
        'CONFLICT',
        `instance ${instanceId} is ${before.lifecycle}, and nobody else claims to be it`,
      );

    const others = (await findInstancesOfMachine(tx, before.providerId)).filter(
      ({ id, lifecycle }) => id !== instanceId && lifecycle !== 'retired',
    );
    for (const { id } of others) await retireInstance(tx, id, at);
    // What it is known by may have been shared with those that went.
    const current = (await findInstance(tx, instanceId)) ?? before;
    const after = withVerdict(withoutServerHole(current, 'contested'), await openFindings(tx, instanceId), at);
    await updateInstance(tx, after);
    await appendChangeEvents(tx, { before: current, after, opened: [], closed: [], scanId: null, at });
    const retired = others.map(({ id }) => id);
    const data = { machine: before.providerId, reason, actor, retired };
    await appendEvent(tx, { at, type: 'instance.accepted', groupName: before.group, instanceId, data });
    return retired;
  });
}
