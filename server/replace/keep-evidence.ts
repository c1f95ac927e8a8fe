import { timestamp } from '../../shared/clock.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { holdsOf } from '../fleet/hold.ts';
import { retireInstance } from '../fleet/identities.ts';
import type { KeptSnapshot } from '../provider/provider.ts';
import { readGroup } from '../store/group-store.ts';
import { readHolds } from '../store/hold-store.ts';
import { findInstance } from '../store/instance-store.ts';
import {
  countQuarantineAttempt,
  findQuarantine,
  moveQuarantine,
  noteQuarantineError,
  type QuarantineMove,
  type StoredQuarantine,
} from '../store/quarantine-store.ts';
import { callProvider, listMsMax } from './call-provider.ts';
import {
  type EvidenceCall,
  gone,
  isAtRest,
  lost,
  lostAfterAttempts,
  nextEvidenceStep,
  quarantineKeyOf,
} from './evidence.ts';
import type { House } from './house.ts';

/** More steps than there are, so that a defect ends in a wait for the next tick and not in a busy loop. */
const stepsMax = 20;

/** Takes one that is kept as far as it goes now: look, decide, act, and look again. Errors: CONFLICT, the store's. */
export async function keepEvidence(house: House, id: string, signal: AbortSignal): Promise<void> {
  let answered: EvidenceCall | undefined;
  for (let taken = 0; taken < stepsMax && !signal.aborted; taken += 1) {
    const kept = await findQuarantine(house.db, id);
    if (kept === undefined || kept.state === 'ended') return;
    if (answered === undefined && isAtRest(kept, house.clock.now())) return;
    if (await isHeld(house, kept)) return;
    const step = nextEvidenceStep(kept, await describe(house, kept), house.clock.now(), answered);
    if (step.do === 'wait') return;
    if (step.do === 'move') await commit(house, kept, step.move, step.retires);
    else if (!(await act(house, kept, step.call))) return;
    answered = step.do === 'call' ? step.call : undefined;
  }
}

/** Whoever stops everything has nothing called; and nothing ends that somebody holds. */
async function isHeld({ db, clock }: House, { group, instanceId, state }: StoredQuarantine): Promise<boolean> {
  const holds = holdsOf(await readHolds(db, clock.now())).on(group, instanceId);
  const ends = state === 'kept' || state === 'ending';
  return holds.some(({ scope }) => ends || scope === 'all');
}

async function describe({ db, providers, clock, log }: House, { group: name }: StoredQuarantine) {
  const group = (await readGroup(db, name))?.group;
  if (group === undefined) return null;
  try {
    return await callProvider(clock, 'list', () => providers(group).list(group), listMsMax);
  } catch (error) {
    log.warn({ group: name, error: sentenceOf(error) }, 'replace: the provider could not be asked');
    return null;
  }
}

async function commit(
  { db, clock, feed, log }: House,
  kept: StoredQuarantine,
  move: QuarantineMove,
  retires: boolean,
): Promise<void> {
  const now = clock.now();
  await db.transaction().execute(async (tx) => {
    await moveQuarantine(tx, kept, move, now);
    const instance = retires ? await findInstance(tx, kept.instanceId) : undefined;
    // A replacement that has it in hand retires it itself.
    if (instance?.lifecycle === 'quarantined') await retireInstance(tx, kept.instanceId, timestamp(now));
  });
  feed.wake();
  const fields = { quarantine: kept.id, group: kept.group, providerId: kept.providerId, state: move.to };
  if (move.set?.error === undefined) log.info({ ...fields, detail: move.detail }, 'replace: a quarantine moved');
  else log.error({ ...fields, error: move.set.error }, 'replace: evidence is lost');
}

/** False when the act failed: it is tried again after a pause. */
async function act(house: House, kept: StoredQuarantine, call: EvidenceCall): Promise<boolean> {
  const { db, clock, log } = house;
  await db.transaction().execute((tx) => countQuarantineAttempt(tx, kept, clock.now()));
  try {
    await makeCall(house, kept, call);
    return true;
  } catch (error) {
    const sentence = sentenceOf(error);
    const { id, providerId, attempts } = kept;
    log.warn(
      { quarantine: id, providerId, call, attempt: attempts + 1, error: sentence },
      'replace: evidence is not kept yet',
    );
    await db.transaction().execute((tx) => noteQuarantineError(tx, id, `${call}: ${sentence}`));
    return false;
  }
}

async function makeCall(house: House, kept: StoredQuarantine, call: EvidenceCall): Promise<void> {
  const { db, clock, providers } = house;
  const group = (await readGroup(db, kept.group))?.group;
  if (group === undefined) return;
  const provider = providers(group);
  const { id, providerId } = kept;
  const key = quarantineKeyOf(id);
  switch (call) {
    case 'isolate':
      await callProvider(clock, call, () => provider.isolate(group, providerId, key));
      return;
    case 'copy':
      return copy(house, { ...kept, attempts: kept.attempts + 1 }, () => provider.keepSnapshot(group, providerId, key));
    case 'end':
      await callProvider(clock, call, () => provider.terminate(group, providerId, key));
      return;
    case 'drop': {
      const all = await callProvider(clock, 'listSnapshots', () => provider.listSnapshots(group), listMsMax);
      for (const { snapshotId } of all.filter((one) => one.key === key))
        await callProvider(clock, call, () => provider.dropSnapshot(group, snapshotId));
      const step = gone(kept);
      if (step.do === 'move') await commit(house, kept, step.move, step.retires);
      return;
    }
    default:
      return call satisfies never;
  }
}

async function copy(house: House, kept: StoredQuarantine, call: () => Promise<KeptSnapshot>): Promise<void> {
  const { clock } = house;
  try {
    const { snapshotId, where } = await callProvider(clock, 'copy', call);
    const detail = `the disk of ${kept.providerId} is kept as ${snapshotId}`;
    const set = { snapshotId, snapshotAt: where, expiresAt: clock.now() + kept.keepMs };
    await commit(house, kept, { to: 'kept', detail, set }, false);
  } catch (error) {
    const machines = await describe(house, kept);
    const isUnlisted = machines?.every(({ providerId }) => providerId !== kept.providerId) ?? false;
    const isGone = isUnlisted && error instanceof CodedError && error.code === 'NOT_FOUND';
    const step = lost(kept, 'before its disk was copied');
    if (!isGone || kept.attempts < lostAfterAttempts || step.do !== 'move') throw error;
    await commit(house, kept, step.move, step.retires);
  }
}
