import { timestamp } from '../../shared/clock.ts';
import { durationMs } from '../../shared/duration.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import type { Keeping } from '../../shared/keeping.ts';
import { freeIdentities, retireInstance } from '../fleet/identities.ts';
import type { Db } from '../store/database.ts';
import { appendEvent } from '../store/event-store.ts';
import { tripBreaker } from '../store/group-store.ts';
import { findImage } from '../store/image-store.ts';
import { findInstance, setLifecycle } from '../store/instance-store.ts';
import type { StoredLook } from '../store/look-store.ts';
import { adoptQuarantine, insertQuarantine, latestQuarantine, placesTaken } from '../store/quarantine-store.ts';
import {
  blameNew,
  countAttempt,
  endedStates,
  findReplacementRecord,
  moveReplacement,
  noteError,
  type Replacement,
  releaseOld,
  retireLaunched,
} from '../store/replacement-store.ts';
import { callMsMax, callProvider, listMsMax } from './call-provider.ts';
import type { House } from './house.ts';
import { joinMachine, launchMachine } from './launch.ts';
import { launchKeyOf } from './launch-key.ts';
import { lookAround } from './look-around.ts';
import { makeProof, readBindings } from './proof.ts';
import { type Call, type Effects, newMachine, nextStep, type Step } from './replacement.ts';
import { cleanLookOf, reasonOf, scanAfterSoak, strategyOf, type World } from './world.ts';

/** More steps than a replacement has, so that a defect ends in a wait for the next tick and not in a busy loop. */
const stepsMax = 40;

/**
 * Takes one replacement as far as it goes now: look, decide, act, and look again. Each act is committed as an intent
 * before it is made. Errors: CONFLICT when somebody else moved it; the store's.
 */
export async function advanceReplacement(house: House, id: string, signal: AbortSignal): Promise<void> {
  let called: Call | undefined;
  for (let taken = 0; taken < stepsMax && !signal.aborted; taken += 1) {
    const replacement = await findReplacementRecord(house.db, id);
    if (replacement === undefined || endedStates.includes(replacement.state)) return;
    const done = { drained: called === 'drain', terminated: called === 'terminate' };
    const world = { ...(await lookAround(house, replacement)), ...done };
    const step = nextStep(replacement, world, house.clock.now());
    if (step.do === 'wait') return;
    if (!(await take(house, replacement, world, step))) return;
    called = step.do === 'call' ? step.call : undefined;
  }
}

/** False when the act failed: what to do about it is decided at the next look, after a pause. */
async function take(
  house: House,
  replacement: Replacement,
  world: World,
  step: Exclude<Step, { do: 'wait' }>,
): Promise<boolean> {
  switch (step.do) {
    case 'move':
      await commitMove(house, replacement, step);
      return true;
    case 'prove':
      return prove(house, replacement, world);
    case 'look':
      return look(house, replacement, world);
    case 'call':
      return act(house, replacement, world, step.call);
    default:
      return step satisfies never;
  }
}

async function commitMove(
  { db, clock, feed, log }: House,
  replacement: Replacement,
  { move, effects }: Extract<Step, { do: 'move' }>,
): Promise<void> {
  const now = clock.now();
  await db.transaction().execute(async (tx) => {
    await moveReplacement(tx, replacement, move, now);
    const providerId = move.set?.newProviderId;
    const launched = { launchKey: launchKeyOf(replacement.id), group: replacement.group };
    if (providerId) await joinMachine(tx, { ...launched, providerId }, now);
    await applyEffects(tx, replacement, effects, timestamp(now));
  });
  feed.wake();
  const fields = { replacement: replacement.id, group: replacement.group, state: move.to, detail: move.detail };
  if (move.to === 'stuck') log.error(fields, 'replace: a replacement is stuck');
  else log.info(fields, 'replace: a replacement moved');
}

async function applyEffects(tx: Db, replacement: Replacement, effects: Effects, at: string): Promise<void> {
  if (effects.retire === 'old') await retireInstance(tx, replacement.oldInstanceId, at);
  if (effects.keep !== undefined) await keepOld(tx, replacement, effects.keep, Date.parse(at));
  if (effects.quarantine) await setLifecycle(tx, replacement.oldInstanceId, 'quarantined', at);
  if (effects.retire === 'new') {
    for (const id of await retireLaunched(tx, launchKeyOf(replacement.id), at)) await freeIdentities(tx, id, at);
  }
  if (effects.release) await releaseOld(tx, replacement);
  if (effects.blame) await blameNew(tx, replacement.id);
  if (effects.trip !== undefined) await tripBreaker(tx, replacement.group, effects.trip, at);
}

/** Errors: CONFLICT where another took the last place since it was looked for. */
async function keepOld(tx: Db, replacement: Replacement, { keepFor, max }: Keeping, now: number): Promise<void> {
  const { id, group, policy, oldInstanceId: instanceId, oldProviderId: providerId } = replacement;
  const known = await latestQuarantine(tx, instanceId);
  if (known !== undefined && known.state !== 'ended') {
    return adoptQuarantine(tx, known, { replacementId: id, keepMs: durationMs(keepFor) }, now);
  }
  const taken = (await placesTaken(tx, instanceId)).get(group) ?? 0;
  if (replacement.keeping === null && taken >= max)
    throw new CodedError('CONFLICT', `all ${max} places of group ${group} are taken`);
  const severity = (await findInstance(tx, instanceId))?.taint?.severity ?? null;
  const asked = { owner: `policy ${policy}`, reason: reasonOf(replacement), severity, keepMs: durationMs(keepFor) };
  await insertQuarantine(tx, { group, instanceId, providerId, replacementId: id, ...asked }, now);
}

async function look(house: House, replacement: Replacement, { new: made }: World): Promise<boolean> {
  if (made === null) return false;
  try {
    await house.look(made.id);
    return true;
  } catch (error) {
    house.log.warn(
      { replacement: replacement.id, error: sentenceOf(error) },
      'replace: nobody could be asked to look from outside',
    );
    return false;
  }
}

/** Before the soak, whether there can be a proof; after it, the proof: nothing succeeds without. */
async function prove(house: House, replacement: Replacement, world: World): Promise<boolean> {
  const { db, clock, feed, log } = house;
  const now = clock.now();
  const { id, group } = replacement;
  try {
    const outside = cleanLookOf(replacement, world, now);
    const look = outside.kind === 'clean' ? outside.look : null;
    if (replacement.soakEndsAt === null) await beginSoak(house, replacement, { look, world, now });
    else await succeed(house, replacement, { look, world, now });
    feed.wake();
    return true;
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'PROOF') throw error;
    await db.transaction().execute((tx) => withoutProof(tx, replacement, error.message, now));
    feed.wake();
    log.error({ replacement: id, group, error: error.message }, 'replace: a replacement could not be proven');
    return false;
  }
}

interface Proving {
  readonly look: StoredLook | null;
  readonly world: World;
  readonly now: number;
}

async function beginSoak({ db, log }: House, replacement: Replacement, proving: Proving): Promise<void> {
  const { look, world, now } = proving;
  const { id, group } = replacement;
  await readBindings(db, replacement, look);
  const soakEndsAt = now + durationMs(strategyOf(world).soak);
  const detail = `${replacement.newProviderId} was measured clean; it is measured again after the soak`;
  // By a clock that was set back since, it was retired at a time to come: it was by now.
  const retiredAt = Math.min(replacement.retiredAt ?? now, now);
  const set = { retiredAt, deadlineAt: soakEndsAt, soakEndsAt, error: null };
  await db.transaction().execute((tx) => moveReplacement(tx, replacement, { to: 'soaking', detail, set }, now));
  log.info({ replacement: id, group, state: 'soaking', detail }, 'replace: a replacement moved');
}

async function succeed(house: House, replacement: Replacement, { look, world, now }: Proving): Promise<void> {
  const { db, signer, log } = house;
  const { id, group, newInstanceId, newProviderId } = replacement;
  const proof = await makeProof(db, signer, replacement, { look, after: scanAfterSoak(replacement, world), now });
  const detail = `${newProviderId} was measured clean after the soak too; the proof is signed`;
  await db.transaction().execute(async (tx) => {
    const set = { proof, deadlineAt: null, error: null };
    await moveReplacement(tx, replacement, { to: 'succeeded', detail, set }, now);
    const data = { detail, providerId: newProviderId, oldInstanceId: replacement.oldInstanceId };
    const about = { groupName: group, replacementId: id, ...(newInstanceId && { instanceId: newInstanceId }) };
    await appendEvent(tx, { at: timestamp(now), type: 'replacement.proven', ...about, data });
  });
  log.info({ replacement: id, group }, 'replace: a replacement is proven');
}

async function withoutProof(tx: Db, replacement: Replacement, error: string, now: number): Promise<void> {
  if (replacement.state === 'stuck') return countAttempt(tx, replacement, now);
  const move = { to: 'stuck' as const, detail: `no proof: ${error}`, set: { error } };
  await moveReplacement(tx, replacement, move, now);
}

async function act(house: House, replacement: Replacement, world: World, call: Call): Promise<boolean> {
  const { db, clock, log } = house;
  await db.transaction().execute((tx) => countAttempt(tx, replacement, clock.now()));
  try {
    await makeCall(house, replacement, world, call);
    return true;
  } catch (error) {
    const sentence = sentenceOf(error);
    log.warn(
      { replacement: replacement.id, call, attempt: replacement.attempts + 1, error: sentence },
      'replace: a call to the provider failed',
    );
    await db.transaction().execute((tx) => noteError(tx, replacement.id, `${call}: ${sentence}`));
    return false;
  }
}

async function makeCall(house: House, replacement: Replacement, world: World, call: Call): Promise<void> {
  const { db, clock, providers } = house;
  const { group } = world;
  if (group === null) throw new CodedError('NOT_FOUND', `group ${replacement.group} is gone`);
  const provider = providers(group);
  switch (call) {
    case 'launch': {
      const image = await findImage(db, replacement.targetDigest);
      if (image === undefined) throw new CodedError('NOT_FOUND', `image ${replacement.targetDigest} is not there`);
      await launchMachine(house, { group, image, key: launchKeyOf(replacement.id) });
      return;
    }
    case 'drain': {
      const leftMs = Math.max(0, (replacement.deadlineAt ?? clock.now()) - clock.now());
      const { drainDeadline, drainTimeout } = strategyOf(world);
      const timeoutMs = leftMs === 0 && drainDeadline === 'wait' ? durationMs(drainTimeout) : leftMs;
      const drain = () =>
        provider.drain(group, replacement.oldProviderId, { key: launchKeyOf(replacement.id), timeoutMs });
      await callProvider(clock, call, drain, timeoutMs + listMsMax);
      return;
    }
    case 'terminate':
      await callProvider(clock, call, () => provider.terminate(group, replacement.oldProviderId));
      return;
    case 'restore':
      await callProvider(clock, call, () =>
        provider.restore(group, replacement.oldProviderId, launchKeyOf(replacement.id)),
      );
      return;
    case 'discard': {
      const machine = world.machines && newMachine(replacement, world.machines);
      if (machine) await callProvider(clock, call, () => provider.terminate(group, machine.providerId), callMsMax);
      return;
    }
    case 'sweep':
      if (world.new !== null && house.sweep(world.new.id)) return;
      throw new CodedError('UNREACHABLE', 'the agent of the new instance is not connected');
    default:
      return call satisfies never;
  }
}
