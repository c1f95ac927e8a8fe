import { durationMs, formatDuration } from '../../shared/duration.ts';
import type { Keeping } from '../../shared/keeping.ts';
import { clockStepMsMax } from '../fleet/absence.ts';
import { stricter } from '../fleet/quarantine.ts';
import type { Machine } from '../provider/provider.ts';
import type { Move, Replacement } from '../store/replacement-store.ts';
import { stepWhileHeld } from './held.ts';
import { launchKeyOf } from './launch-key.ts';
import { wrongLaunch } from './preflight.ts';
import {
  cleanLookOf,
  cleanScanOf,
  driftOfNew,
  isPastReturn,
  objectionTo,
  scanAfterSoak,
  strategyOf,
  type World,
} from './world.ts';

/**
 * What to do next with a replacement. A state is the durable intent of the call that is made in it: `launching` launches,
 * `draining` drains, `terminating` terminates the old machine, `rolling_back` the new one; in `quarantining` the old one is
 * kept by a record of its own (`evidence.ts`). After a restart the machine is found where it was left, the provider is asked
 * what there is, and only then is anything done.
 */
export type Step =
  | { readonly do: 'wait' }
  | { readonly do: 'move'; readonly move: Move; readonly effects: Effects }
  | { readonly do: 'call'; readonly call: Call }
  | { readonly do: 'prove' }
  /** The server looks at the disk of the new instance itself. */
  | { readonly do: 'look' };

/** `discard` terminates the new machine, `restore` gives the old one back to service, `sweep` asks the new agent to look. */
export type Call = 'launch' | 'drain' | 'terminate' | 'discard' | 'restore' | 'sweep';

/** What is committed together with a move. */
export interface Effects {
  readonly retire?: 'old' | 'new';
  /** The old machine is to be kept: a record of its own is made, or one that keeps it already is taken over. */
  readonly keep?: Keeping;
  /** The old instance is kept as evidence from here on, and comes back no more. */
  readonly quarantine?: boolean;
  /** The old instance is active again. */
  readonly release?: boolean;
  /** The new instance is why: it counts against its image. */
  readonly blame?: true;
  /** Why the group's breaker latches. */
  readonly trip?: string;
}

export const callsMax = 8;
const backoffMsMin = 1_000;
const backoffMsMax = 60_000;
/** What a provider would launch is asked for so long before anything is done. */
const preflightMsMax = 120_000;
const wait: Step = { do: 'wait' };

/**
 * Pure. Up to `terminating` or `quarantining` everything can be taken back, and nothing after it: that is the point of no
 * return. Launch-first gets there with a successor that is measured clean; terminate-first without one, and launches then.
 */
export function nextStep(replacement: Replacement, world: World, now: number): Step {
  const held = stepWhileHeld(replacement, world);
  if (held !== undefined) return held;
  switch (replacement.state) {
    case 'reserved':
      return reserved(replacement, world, now);
    case 'launching':
      return launching(replacement, world, now);
    case 'verifying':
      return verifying(replacement, world, now);
    case 'draining':
      return draining(replacement, world, now);
    case 'terminating':
      return terminating(replacement, world, now);
    case 'quarantining':
      return quarantining(replacement, world, now);
    case 'proving':
      return proving(replacement, world, now);
    case 'soaking':
      return soaking(replacement, world, now);
    case 'rolling_back':
      return rollingBack(replacement, world, now);
    case 'stuck':
      return stuck(replacement, world, now);
    case 'succeeded':
    case 'failed':
      return wait;
    default:
      return replacement.state satisfies never;
  }
}

function reserved(replacement: Replacement, world: World, now: number): Step {
  const objection = objectionTo(replacement, world, now);
  if (objection !== undefined) return failed(objection, { release: true });
  if (world.template === null && now < replacement.createdAt + preflightMsMax) return wait;
  const wrong = wrongTemplate(world);
  if (wrong !== undefined) return failed(wrong, { release: true });
  const { verifyWithin, drainTimeout } = strategyOf(world);
  if (replacement.order === 'terminate-first') {
    const detail = 'the old instance goes first: the group has no room for both';
    return move({ to: 'draining', detail, set: { deadlineAt: now + durationMs(drainTimeout) } });
  }
  return move({
    ...{ to: 'launching', detail: 'a new instance of the stable image is launched first' },
    set: { launchedAt: now, deadlineAt: now + durationMs(verifyWithin) },
  });
}

/** What cannot be what is wanted is not begun. A new machine is measured besides, whatever its provider says of it. */
function wrongTemplate({ target, template }: World): string | undefined {
  return target === null ? undefined : wrongLaunch(target, template ?? undefined);
}

function launching(replacement: Replacement, world: World, now: number): Step {
  const machine = world.machines === null ? undefined : newMachine(replacement, world.machines);
  // Where its predecessor is gone, a machine that came late is better than none.
  if (isOver(replacement, now) && (machine?.state !== 'running' || !isPastReturn(replacement)))
    return giveUp('no machine was running in time', replacement);
  if (world.machines === null) return wait;
  if (machine?.state === 'running') {
    const deadlineAt = now + durationMs(strategyOf(world).verifyWithin);
    return move({
      ...{ to: 'verifying', detail: `machine ${machine.providerId} runs; its agent measures it` },
      set: { newProviderId: machine.providerId, ...(isPastReturn(replacement) && { deadlineAt }) },
    });
  }
  if (machine !== undefined && machine.state !== 'starting') {
    return giveUp(`the new machine ${machine.providerId} is ${machine.state}`, replacement, { blame: true });
  }
  if (replacement.attempts < callsMax) return callWhenDue('launch', replacement, now);
  if (machine) return wait;
  return giveUp(`launching failed ${callsMax} times: ${replacement.error ?? 'no answer'}`, replacement);
}

function verifying(replacement: Replacement, world: World, now: number): Step {
  const drift = driftOfNew(world);
  if (drift !== undefined) return giveUp(drift, replacement, { trip: drift, blame: true });
  const [machine, twin] = machinesOf(replacement, world.machines ?? []);
  if (machine?.state === 'stopped')
    return giveUp(`the new machine ${machine.providerId} stopped`, replacement, { blame: true });
  // Its agent runs on one of them, and nobody here can tell on which: what it measured proves nothing of the other.
  if (machine !== undefined && twin !== undefined)
    return giveUp(`one launch made two machines, ${machine.providerId} and ${twin.providerId}`, replacement);
  const clean = cleanScanOf(replacement, world);
  if ('missing' in clean || machine?.state !== 'running') {
    if (!isOver(replacement, now)) return wait;
    const missing = 'missing' in clean ? clean.missing : 'its machine is not listed';
    return giveUp(`not measured clean in time: ${missing}`, replacement, { blame: true });
  }
  const objection = isPastReturn(replacement) ? undefined : objectionTo(replacement, world, now);
  if (objection !== undefined) return rollBack(objection);
  const outside = cleanLookOf(replacement, world, now);
  if ('missing' in outside) {
    if (isOver(replacement, now)) return giveUp(`not seen clean from outside in time: ${outside.missing}`, replacement);
    return outside.kind === 'wanted' ? { do: 'look' } : wait;
  }
  const also = outside.kind === 'clean' ? ', and so did the server from outside' : '';
  const detail = `a complete scan found the new instance ${clean.instanceId} in sync${also}`;
  const found = { newInstanceId: clean.instanceId, scan: clean.scan };
  if (isPastReturn(replacement)) return move({ to: 'proving', detail, set: { ...found, deadlineAt: null } });
  const deadlineAt = now + durationMs(strategyOf(world).drainTimeout);
  return move({ to: 'draining', detail, set: { ...found, deadlineAt } });
}

/** The last gate: all that allowed the replacement is looked at once more, after the wait and before the kill. */
function draining(replacement: Replacement, world: World, now: number): Step {
  const drift = driftOfNew(world);
  if (drift !== undefined) return rollBack(drift, { trip: drift, blame: true });
  const objection = objectionTo(replacement, world, now);
  if (objection !== undefined) return rollBack(objection);
  const keeping = keepingNow(replacement, world);
  if (keeping !== null && world.evidence.isFull)
    return rollBack(`it has to be kept as evidence, and all ${keeping.max} places of its group are taken`);
  const { drainDeadline } = strategyOf(world);
  const isDrained = world.drained && !isInService(replacement, world);
  const isForced = !isDrained && isOver(replacement, now) && drainDeadline === 'force';
  if (!isDrained && !isForced) {
    if (isOver(replacement, now) && drainDeadline === 'abort')
      return rollBack(`it was not drained in time: ${replacement.error ?? 'no answer'}`);
    return callWhenDue('drain', replacement, now);
  }
  if (world.machines === null) return isOver(replacement, now) ? rollBack('the provider does not answer') : wait;
  if (replacement.order === 'launch-first') {
    const machine = newMachine(replacement, world.machines);
    if (machine?.state !== 'running' || world.new?.content !== 'in_sync') {
      if (!isOver(replacement, now)) return wait;
      return rollBack('the new instance is not running and in sync any more', { blame: true });
    }
  } else {
    // Nothing is measured yet that could take its place: what is said to be is all there is.
    if (world.template === null && !isOver(replacement, now)) return wait;
    const wrong = wrongTemplate(world);
    if (wrong !== undefined) return rollBack(wrong);
  }
  const how = isForced ? 'was not drained in time, and its policy forces it out' : 'is drained';
  const detail = `${replacement.oldProviderId} ${how}; there is no way back from here`;
  if (keeping === null) return move({ to: 'terminating', detail });
  return move({ to: 'quarantining', detail: `${detail}: it is isolated and kept` }, { keep: keeping });
}

/** A provider that says that it has drained a machine, and lists it in service, is not believed. */
function isInService({ oldProviderId }: Replacement, { machines }: World): boolean {
  return machines?.find(({ providerId }) => providerId === oldProviderId)?.state === 'running';
}

/** What is kept already stays so; else as it was reserved, and as the policies that act want it now: the strictest. */
function keepingNow({ keeping }: Replacement, { evidence: { wanted, record } }: World): Keeping | null {
  const already = record && { keepFor: formatDuration(record.keepMs), max: Number.MAX_SAFE_INTEGER };
  return stricter(stricter(keeping, wanted), already);
}

function terminating(replacement: Replacement, world: World, now: number): Step {
  if (world.machines === null) return wait;
  const isListed = world.machines.some(({ providerId }) => providerId === replacement.oldProviderId);
  // A list may leave out for a while what is there: gone is what is not listed once its end was asked for and answered.
  const isEnded = world.terminated || replacement.retiredAt !== null || replacement.attempts >= callsMax;
  if (!isListed && isEnded) {
    return predecessorAway(replacement, world, now, 'is gone', { retire: 'old' });
  }
  if (replacement.attempts < callsMax) return callWhenDue('terminate', replacement, now);
  return stuckWith(
    `${replacement.oldProviderId} is still there after ${callsMax} attempts to terminate it`,
    replacement,
  );
}

/** Nothing is ended here: the record that keeps the machine does that, when its time is over or a person lets it go. */
function quarantining(replacement: Replacement, world: World, now: number): Step {
  if (world.machines === null) return wait;
  const { record } = world.evidence;
  if (record === null) return stuckWith('nothing tells how the old machine is kept', replacement);
  if (record.state === 'isolating' || record.state === 'copying') {
    if (record.attempts < callsMax) return wait;
    return stuckWith(
      `the old machine is not kept after ${callsMax} attempts: ${record.error ?? 'no answer'}`,
      replacement,
    );
  }
  const isKept = record.state === 'kept';
  const effects: Effects = isKept ? { quarantine: true } : { retire: 'old' };
  return predecessorAway(replacement, world, now, isKept ? 'is isolated, and a snapshot is kept' : 'is gone', effects);
}

/** The point of no return is behind, and the predecessor out of service: launch-first is done with it, the other begins. */
function predecessorAway(replacement: Replacement, world: World, now: number, how: string, effects: Effects): Step {
  const { oldProviderId, order } = replacement;
  const retiredAt = replacement.retiredAt ?? now;
  if (order === 'launch-first')
    return move({ to: 'proving', detail: `${oldProviderId} ${how}`, set: { retiredAt } }, effects);
  // Of an attempt that was no good, where a person has had it tried again.
  const left = world.machines && newMachine(replacement, world.machines);
  if (left) {
    if (replacement.attempts < callsMax) return callWhenDue('discard', replacement, now);
    return stuckWith(`${left.providerId} is still there after ${callsMax} attempts to end it`, replacement);
  }
  const deadlineAt = now + durationMs(strategyOf(world).verifyWithin);
  const detail = `${oldProviderId} ${how}; a new instance of the stable image is launched`;
  return move({ to: 'launching', detail, set: { retiredAt, launchedAt: now, deadlineAt } }, effects);
}

/**
 * Whether all is there that a proof binds together is looked at before the soak, so that a person hears of what is not; it is
 * signed after. A policy that has come to ask for a look since the instance was verified gets one: there is no proof without.
 */
function proving(replacement: Replacement, world: World, now: number): Step {
  const drift = driftOfNew(world);
  if (drift !== undefined) return failed(`${drift}; there is no proof`, { trip: drift, blame: true });
  const { kind } = cleanLookOf(replacement, world, now);
  if (kind === 'wanted') return { do: 'look' };
  return kind === 'awaited' ? wait : { do: 'prove' };
}

function soaking(replacement: Replacement, world: World, now: number): Step {
  const drift = driftOfNew(world);
  if (drift !== undefined) return failed(drift, { trip: drift, blame: true });
  if (!isOver(replacement, now)) return wait;
  const machine = world.machines && newMachine(replacement, world.machines);
  const runs = machine?.state === 'running';
  const after = scanAfterSoak(replacement, world);
  if (runs && !('missing' in after)) {
    const { kind } = cleanLookOf(replacement, world, now);
    if (kind === 'wanted') return { do: 'look' };
    return kind === 'awaited' ? wait : { do: 'prove' };
  }
  const grace = durationMs(strategyOf(world).verifyWithin);
  if (now >= (replacement.deadlineAt ?? now) + grace) {
    // Neither its provider nor its agent knows of it any more: no person can help it to a proof.
    if (world.machines !== null && machine === undefined && world.new?.online !== true)
      return failed(`${replacement.newProviderId} is gone, and was never proven`, { blame: true });
    const missing = 'missing' in after ? after.missing : 'its machine does not run';
    return stuckWith(
      `there is no proof: after the soak the new instance was not measured clean: ${missing}`,
      replacement,
    );
  }
  const mayAsk = runs && world.new?.online === true && replacement.attempts < callsMax;
  return mayAsk ? callWhenDue('sweep', replacement, now) : wait;
}

function rollingBack(replacement: Replacement, world: World, now: number): Step {
  if (world.machines === null) return wait;
  const old = world.machines.find(({ providerId }) => providerId === replacement.oldProviderId);
  const isDrained = old?.drainedBy === launchKeyOf(replacement.id);
  const isThere = newMachine(replacement, world.machines) !== undefined;
  if (!isDrained && !isThere) {
    const detail = `${replacement.oldProviderId} lives on: ${replacement.error ?? 'rolled back'}`;
    const { error } = replacement;
    return move({ to: 'failed', detail, set: { error, deadlineAt: null } }, { retire: 'new', release: true });
  }
  if (replacement.attempts < callsMax) return callWhenDue(isDrained ? 'restore' : 'discard', replacement, now);
  return stuckWith(`rolling back failed ${callsMax} times (${replacement.error ?? 'no answer'})`, replacement);
}

/** Waits for a person, and sees when they have helped. Nothing is called from here. */
function stuck(replacement: Replacement, world: World, now: number): Step {
  const before = replacement.path.findLast((state) => state !== 'stuck');
  if (before === undefined) return wait;
  // Its time is over, and a person's help has none: a soak ends as soon as all is well.
  const step = nextStep({ ...replacement, state: before, attempts: callsMax, deadlineAt: now }, world, now);
  if (step.do === 'prove')
    return now >= replacement.updatedAt + backoffMsMax * (replacement.attempts + 1) ? step : wait;
  return step.do === 'move' && step.move.to !== 'stuck' ? step : wait;
}

export function newMachine(replacement: Replacement, machines: readonly Machine[]): Machine | undefined {
  return machinesOf(replacement, machines)[0];
}

/** One, of a provider that keeps its word. */
function machinesOf({ id }: Replacement, machines: readonly Machine[]): readonly Machine[] {
  return machines.filter(({ launchKey }) => launchKey === launchKeyOf(id));
}

/** Where the clock was set back since, nobody knows how long it has waited: it has waited enough, and before the point of no return rolls back. */
function isOver({ deadlineAt, launchedAt, updatedAt }: Replacement, now: number): boolean {
  if (Math.max(launchedAt ?? 0, updatedAt) > now + clockStepMsMax) return true;
  return deadlineAt !== null && now >= deadlineAt;
}

function callWhenDue(call: Call, { attempts, updatedAt }: Replacement, now: number): Step {
  const backoff = attempts === 0 ? 0 : Math.min(backoffMsMin * 2 ** (attempts - 1), backoffMsMax);
  // The clock was set back: nobody waits until it has caught up.
  const isOfLater = updatedAt > now + clockStepMsMax;
  return now >= updatedAt + backoff || isOfLater ? { do: 'call', call } : wait;
}

function move(intent: Move, effects: Effects = {}): Step {
  return { do: 'move', move: intent, effects };
}

/** Back, where there is a way back; else a person is needed. */
function giveUp(error: string, replacement: Replacement, effects: Effects = {}): Step {
  return isPastReturn(replacement) ? stuckWith(error, { error }, effects) : rollBack(error, effects);
}

/** Before the point of no return only: the predecessor lives. */
function rollBack(error: string, effects: Effects = {}): Step {
  return move({ to: 'rolling_back', detail: error, set: { error, deadlineAt: null } }, effects);
}

function failed(error: string, effects: Effects): Step {
  return move({ to: 'failed', detail: error, set: { error, deadlineAt: null } }, effects);
}

/** Its budget stays taken: something is wrong that no retry mends. */
function stuckWith(reason: string, { error }: Pick<Replacement, 'error'>, effects: Effects = {}): Step {
  const detail = `${reason}; a person is needed`;
  return move({ to: 'stuck', detail, set: { error: error ?? detail, deadlineAt: null } }, effects);
}
