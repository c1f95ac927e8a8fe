import { durationMs } from '../../shared/duration.ts';
import { clockStepMsMax } from '../fleet/absence.ts';
import type { Machine } from '../provider/provider.ts';
import type { Move, Replacement } from '../store/replacement-store.ts';
import { stepWhileHeld } from './held.ts';
import { launchKeyOf } from './launch-key.ts';
import { cleanLookOf, cleanScanOf, driftOfNew, objectionTo, scanAfterSoak, strategyOf, type World } from './world.ts';

/**
 * What to do next with a replacement. A state is the durable intent of the call that is made in it: `launching` launches,
 * `draining` drains, `terminating` terminates the old machine, `rolling_back` the new one. After a restart the machine is
 * found where it was left, the provider is asked what there is, and only then is anything done.
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
  /** The old instance is active again. */
  readonly release?: boolean;
  /** Why the group's breaker latches. */
  readonly trip?: string;
}

export const callsMax = 8;
const backoffMsMin = 1_000;
const backoffMsMax = 60_000;
const wait: Step = { do: 'wait' };

/** Pure. Up to `terminating` everything can be taken back, and nothing after it: that is the point of no return. */
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
  const deadlineAt = now + durationMs(strategyOf(world).verifyWithin);
  return move({
    ...{ to: 'launching', detail: 'a new instance of the stable image is launched first' },
    set: { launchedAt: now, deadlineAt },
  });
}

function launching(replacement: Replacement, world: World, now: number): Step {
  if (isOver(replacement, now)) return rollBack('no machine was running in time');
  if (world.machines === null) return wait;
  const machine = newMachine(replacement, world.machines);
  if (machine?.state === 'running') {
    return move({
      ...{ to: 'verifying', detail: `machine ${machine.providerId} runs; its agent measures it` },
      set: { newProviderId: machine.providerId },
    });
  }
  if (machine?.state === 'stopped' || machine?.state === 'draining') {
    return rollBack(`the new machine ${machine.providerId} is ${machine.state}`);
  }
  if (replacement.attempts < callsMax) return callWhenDue('launch', replacement, now);
  return machine ? wait : rollBack(`launching failed ${callsMax} times: ${replacement.error ?? 'no answer'}`);
}

function verifying(replacement: Replacement, world: World, now: number): Step {
  const drift = driftOfNew(world);
  if (drift !== undefined) return rollBack(drift, { trip: drift });
  const machine = world.machines && newMachine(replacement, world.machines);
  if (machine?.state === 'stopped') return rollBack(`the new machine ${machine.providerId} stopped`);
  const clean = cleanScanOf(replacement, world);
  if ('missing' in clean || machine?.state !== 'running') {
    if (!isOver(replacement, now)) return wait;
    return rollBack(`not measured clean in time: ${'missing' in clean ? clean.missing : 'its machine is not listed'}`);
  }
  const objection = objectionTo(replacement, world, now);
  if (objection !== undefined) return rollBack(objection);
  const outside = cleanLookOf(replacement, world, now);
  if ('missing' in outside) {
    if (isOver(replacement, now)) return rollBack(`not seen clean from outside in time: ${outside.missing}`);
    return outside.kind === 'wanted' ? { do: 'look' } : wait;
  }
  const also = outside.kind === 'clean' ? ', and so did the server from outside' : '';
  return move({
    to: 'draining',
    detail: `a complete scan found the new instance ${clean.instanceId} in sync${also}`,
    set: {
      newInstanceId: clean.instanceId,
      scan: clean.scan,
      deadlineAt: now + durationMs(strategyOf(world).drainTimeout),
    },
  });
}

/** The last gate: all that allowed the replacement is looked at once more, after the wait and before the kill. */
function draining(replacement: Replacement, world: World, now: number): Step {
  const drift = driftOfNew(world);
  if (drift !== undefined) return rollBack(drift, { trip: drift });
  const objection = objectionTo(replacement, world, now);
  if (objection !== undefined) return rollBack(objection);
  if (!world.drained) {
    if (isOver(replacement, now)) return rollBack(`it was not drained in time: ${replacement.error ?? 'no answer'}`);
    return callWhenDue('drain', replacement, now);
  }
  const machine = world.machines && newMachine(replacement, world.machines);
  if (machine?.state !== 'running' || world.new?.content !== 'in_sync') {
    return isOver(replacement, now) ? rollBack('the new instance is not running and in sync any more') : wait;
  }
  return move({ to: 'terminating', detail: `${replacement.oldProviderId} is drained; there is no way back from here` });
}

function terminating(replacement: Replacement, world: World, now: number): Step {
  if (world.machines === null) return wait;
  const isListed = world.machines.some(({ providerId }) => providerId === replacement.oldProviderId);
  // A list may leave out for a while what is there: gone is what is not listed once its end was asked for and answered.
  if (!isListed && (world.terminated || replacement.attempts >= callsMax)) {
    const { oldProviderId } = replacement;
    return move({ to: 'proving', detail: `${oldProviderId} is gone`, set: { retiredAt: now } }, { retire: 'old' });
  }
  if (replacement.attempts < callsMax) return callWhenDue('terminate', replacement, now);
  return stuckWith(
    `${replacement.oldProviderId} is still there after ${callsMax} attempts to terminate it`,
    replacement,
  );
}

/**
 * Whether all is there that a proof binds together is looked at before the soak, so that a person hears of what is not; it is
 * signed after. A policy that has come to ask for a look since the instance was verified gets one: there is no proof without.
 */
function proving(replacement: Replacement, world: World, now: number): Step {
  const drift = driftOfNew(world);
  if (drift !== undefined) return failed(`${drift}; there is no proof`, { trip: drift });
  const { kind } = cleanLookOf(replacement, world, now);
  if (kind === 'wanted') return { do: 'look' };
  return kind === 'awaited' ? wait : { do: 'prove' };
}

function soaking(replacement: Replacement, world: World, now: number): Step {
  const drift = driftOfNew(world);
  if (drift !== undefined) return failed(drift, { trip: drift });
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

export function newMachine({ id }: Replacement, machines: readonly Machine[]): Machine | undefined {
  return machines.find(({ launchKey }) => launchKey === launchKeyOf(id));
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

/** Before the point of no return only: the predecessor lives. */
function rollBack(error: string, effects: Effects = {}): Step {
  return move({ to: 'rolling_back', detail: error, set: { error, deadlineAt: null } }, effects);
}

function failed(error: string, effects: Effects): Step {
  return move({ to: 'failed', detail: error, set: { error, deadlineAt: null } }, effects);
}

/** Its budget stays taken: something is wrong that no retry mends. */
function stuckWith(reason: string, { error }: Replacement): Step {
  const detail = `${reason}; a person is needed`;
  return move({ to: 'stuck', detail, set: { error: error ?? detail, deadlineAt: null } });
}
