import type { ReplacementState } from '../../shared/api.ts';
import { durationMs } from '../../shared/duration.ts';
import type { Policy } from '../../shared/policy.ts';
import { createReplay, retold } from './audit.ts';
import { askedOf, endings, evidence, isAlone, placesOf } from './evidence.ts';
import { actingOn, isSelectedBy, isStillWanted, overspent, unfounded } from './limits.ts';
import { isHeld, lackOf, movedWhileStopped } from './permissions.ts';
import type { Act } from './process.ts';
import { isGivenUp, keyOf, rest, returns } from './rest.ts';
import { canaries, noteSoaked } from './rollouts.ts';
import { ended, follow, look, type Memory, type Replaced, type View } from './view.ts';
import type { SimulatedWorld } from './world.ts';

/**
 * What holds whatever happens, looked at after each step, from the rows and from what the cloud did: nothing here asks the
 * code that is under test. Numbers are those of the list of invariants that each stands for.
 */
export interface Invariants {
  /** To be called when all that the world does by itself is done, before the server acts on it. */
  before(): Promise<void>;
  /** What does not hold; empty where all does. */
  after(): Promise<readonly string[]>;
  /** When nothing goes wrong any more and time has passed. */
  atRest(sizes: ReadonlyMap<string, number>): Promise<readonly string[]>;
}

const next: Readonly<Record<ReplacementState, readonly ReplacementState[]>> = {
  reserved: ['launching', 'draining', 'failed'],
  launching: ['verifying', 'rolling_back', 'stuck'],
  verifying: ['draining', 'proving', 'rolling_back', 'stuck'],
  draining: ['terminating', 'quarantining', 'rolling_back'],
  terminating: ['proving', 'launching', 'stuck'],
  quarantining: ['proving', 'launching', 'stuck'],
  proving: ['soaking', 'failed', 'stuck'],
  soaking: ['succeeded', 'failed', 'stuck'],
  rolling_back: ['failed', 'stuck'],
  stuck: [
    ...['terminating', 'quarantining', 'launching', 'verifying', 'proving', 'soaking', 'succeeded', 'failed'],
    'rolling_back',
  ] as const,
  succeeded: [],
  failed: [],
};
const hourMs = 3_600_000;
const startsPerHourMax = 30;
const firstRunsSingly = 3;
/** In groups as small as these; of a week, which no seed lasts. */
const alikeMax = 3;

export function createInvariants(world: SimulatedWorld): Invariants {
  let old: View | undefined;
  let effectsSeen = 0;
  const memory: Memory = { silentSince: new Map(), zones: new Map(), soaked: new Set() };
  let actsSeen = 0;
  const replay = createReplay();
  return {
    async before() {
      follow(world, memory);
      old = await look(world, memory);
    },
    async after() {
      const was = old!;
      const is = await look(world, memory);
      const effects = world.cloud.effects.slice(effectsSeen);
      effectsSeen = world.cloud.effects.length;
      noteSoaked(memory.soaked, was, is);
      const done = world.acts.slice(actsSeen);
      actsSeen = world.acts.length;
      const moved = [...movedWhileStopped(was, is), ...evidence(was, is)];
      return [
        ...starts(was, is, world),
        ...canaries(was, is, memory.soaked),
        ...records(is),
        ...passed(was, is),
        ...acts(effects, was, is, world),
        ...leads(done),
        ...moved,
        ...(await replay.follow(world.db)),
        ...retold(is, replay),
      ];
    },
    async atRest(sizes) {
      return rest(await look(world, memory), sizes);
    },
  };
}

/** 1, 2, 4, 5, 10: what was begun in this step, and whether it might. */
function starts(was: View, is: View, { clock }: SimulatedWorld): string[] {
  const known = new Set(was.replacements.map(({ id }) => id));
  const begun = is.replacements.filter(({ id }) => !known.has(id));
  const wrong: string[] = [];
  for (const one of begun) {
    const say = (what: string) => wrong.push(`replacement of ${one.old_instance_id} began ${what}`);
    const group = was.groups.find(({ name }) => name === one.group_name);
    const policy = was.policies.find(({ name }) => name === one.policy);
    const instance = was.instances.find(({ id }) => id === one.old_instance_id);
    if (policy?.mode !== 'enforce') say('by a policy that does not enforce');
    if (policy === undefined || !isSelectedBy(policy, was, one)) say('by a policy that does not select it');
    if (isHeld(one, was, is)) say('while it was held');
    const lack = lackOf(one, was, is, actingOn(was, one));
    if (lack !== undefined) say(`without its approval: ${lack}`);
    if (group?.spec.stateless !== true) say('in a group that is not stateless');
    if (group?.breaker !== null) say('while the breaker was open');
    const isKept = isAlone(was, one.old_instance_id);
    if (instance?.lifecycle !== 'active' && !(instance?.lifecycle === 'quarantined' && isKept))
      say('though it was not active');
    for (const shape of JSON.parse(one.shapes)) {
      const count = alikeSince(is, one.group_name, shape, group?.resetAt ?? '');
      if (count > alikeMax) say(`as the ${count}th that drifted alike: ${shape}`);
    }
    if (JSON.parse(one.cause).trigger === 'drift') {
      const exempted = exemptedOf(is, one.group_name);
      for (const fingerprint of JSON.parse(one.cause).fingerprints)
        if (exempted.has(fingerprint)) say('for what is exempted');
      const own = is.findings.get(one.old_instance_id) ?? [];
      if (own.length > 0 && own.every(({ fingerprint }) => exempted.has(fingerprint)))
        say('though all that it has is exempted');
    }
    if (instance?.doubts !== '[]') say('though nobody is sure which machine it is');
    for (const why of unfounded(was, is, one)) say(why);
    const places = askedOf(was, one);
    if (places.length > 0 && !isKept && placesOf(is, one.group_name) > Math.min(...places))
      say('without a place for evidence');
    const { before, others } = runsOf(one, was, is);
    if (before < firstRunsSingly && others > 0)
      say(`beside ${others} of its policy, of which ${before} were ever done`);
    const failed = failedInARow(was, one);
    if (failed > 2) say(`after ${failed} that failed`);
    const acting = actingOn(was, one);
    if (!acting.every((each) => isOpen(each, clock.now()))) say('while a window was closed');
  }
  wrong.push(...overspent(was, is, begun));
  const lately = is.replacements.filter(({ created_at: at }) => Date.parse(at) > is.now - hourMs);
  if (lately.length > startsPerHourMax) wrong.push(`${lately.length} were begun within an hour`);
  return wrong;
}

/** How many of its policy had succeeded, and how many others of it are under way. */
function runsOf({ id, policy }: Replaced, was: View, is: View) {
  const done = was.replacements.filter((one) => one.policy === policy && one.state === 'succeeded').length;
  const others = is.replacements.filter((one) => one.policy === policy && one.id !== id && !ended.includes(one.state));
  // What ended in this very step may have been in its way, or not.
  return { before: was.past.filter((one) => one.policy === policy).length + done, others: others.length };
}

/** All through the step: declared before it, and not over at its end. */
function exemptedOf({ exemptions, now }: View, groupName: string): ReadonlySet<string> {
  const inForce = exemptions.filter(
    ({ group, until, endedAt }) => group === groupName && endedAt === null && Date.parse(until) > now,
  );
  return new Set(inForce.flatMap(({ drift }) => ('fingerprint' in drift ? [drift.fingerprint] : [])));
}

/** The same instance, for the same trigger, each within an hour after the one before, and nobody looked meanwhile. */
function failedInARow(
  { replacements, groups }: View,
  { old_instance_id: instance, cause, group_name: name }: Replaced,
): number {
  const { trigger } = JSON.parse(cause);
  const resetAt = groups.find((group) => group.name === name)?.resetAt ?? '';
  const failed = replacements.filter(
    (one) => one.old_instance_id === instance && one.state === 'failed' && JSON.parse(one.cause).trigger === trigger,
  );
  let count = 0;
  let before = Number.NEGATIVE_INFINITY;
  for (const one of failed) {
    const isSame = Date.parse(one.created_at) - before <= hourMs;
    count = isSame ? count + 1 : 1;
    before = Date.parse(one.updated_at);
    if (one.reopened_at !== null || one.updated_at <= resetAt) count = 0;
  }
  return count;
}

function alikeSince({ replacements }: View, group: string, shape: string, resetAt: string): number {
  const alike = replacements.filter(
    (one) => one.group_name === group && one.created_at > resetAt && JSON.parse(one.shapes).includes(shape),
  );
  return new Set(alike.map((one) => one.old_instance_id)).size;
}

/** Whole hours of one day in UTC: all that a seed draws. */
function isOpen({ windows }: Policy, now: number): boolean {
  return windows.every((window) => {
    if ('freeze' in window) return true;
    const isAllow = 'allow' in window;
    const hour = Number((isAllow ? window.allow : window.deny).split(' ')[1]);
    const day = Math.floor(now / 86_400_000) * 86_400_000;
    const from = day + hour * hourMs;
    const isWithin = now >= from && now < from + durationMs(window.duration);
    return isAllow ? isWithin : !isWithin;
  });
}

/** 5, 6: one record at a time, states in their order. */
function records(is: View): string[] {
  const wrong: string[] = [];
  const active = is.replacements.filter(({ state }) => !ended.includes(state));
  for (const [instance, own] of Map.groupBy(active, (one) => one.old_instance_id)) {
    if (own.length > 1) wrong.push(`${own.length} replacements of ${instance} at once`);
  }
  for (const { id, path, state } of is.replacements) {
    for (const [n, to] of path.slice(1).entries()) {
      if (!next[path[n]!].includes(to)) wrong.push(`replacement ${id} went from ${path[n]} to ${to}`);
    }
    if (state === 'succeeded' && !isMeasuredTwice(is, id))
      wrong.push(`replacement ${id} succeeded without a second scan`);
    if (path.at(-1) !== state) wrong.push(`replacement ${id} is ${state}, and its last step was ${path.at(-1)}`);
    const after = path.findIndex((one) => returns.includes(one));
    if (after >= 0 && path.slice(after).includes('rolling_back'))
      wrong.push(`replacement ${id} went back past its point`);
  }
  return wrong;
}

/** What its proof says: a scan that began after the soak was over, of the instance that was launched. */
function isMeasuredTwice({ replacements }: View, id: string): boolean {
  const { proof, soak_ends_at: until } = replacements.find((one) => one.id === id)!;
  if (proof === null || until === null) return false;
  const { predicate } = JSON.parse(Buffer.from(JSON.parse(proof).payload, 'base64').toString());
  return predicate.soak.scan.startedAt >= until && predicate.soak.scan.scanId !== predicate.scan.scanId;
}

/** 2, 7, 9: what the cloud did in this step, and whose wish it was. */
function acts(effects: readonly string[], was: View, is: View, { cloud }: SimulatedWorld): string[] {
  const wrong: string[] = [];
  const { everUnlisted: hidden, ghosts } = is;
  const byKey = new Map(is.replacements.map((one) => [`r-${one.id}`, one]));
  for (const effect of effects) {
    const [what, about = ''] = effect.split(' ');
    const replaced = is.replacements.filter((one) => one.old_provider_id === about);
    const maker = byKey.get(keyOf(about));
    if (what === 'terminate') {
      const isEvidence = cloud.effects.includes(`isolated ${about}`);
      const letGo = is.quarantines.some((one) => one.provider_id === about && endings.includes(one.state));
      if (isEvidence && !letGo) wrong.push(`${about} was ended, and is evidence`);
      const cause = replaced.find(({ path }) => path.includes('terminating'));
      if (cause === undefined && !letGo && !mayBeEnded(maker))
        wrong.push(`${about} was ended, and nobody may have wanted it`);
      const policy = is.policies.find(({ name }) => name === cause?.policy);
      const isDrained =
        cloud.effects.includes(`draining ${about}`) ||
        was.machines.get(about)?.state === 'stopped' ||
        hidden.has(about) ||
        policy?.strategy.drainDeadline === 'force';
      if (cause !== undefined && !isDrained) wrong.push(`${about} was ended, and never drained`);
    }
    if (what === 'isolated' && is.quarantines.every((one) => one.provider_id !== about))
      wrong.push(`${about} was isolated, and is not kept`);
    const launched = byKey.get(about);
    if (what === 'launch' && launched === undefined) wrong.push(`${about} was launched for nobody`);
    const old = is.machines.get(launched?.old_provider_id ?? '');
    if (
      what === 'launch' &&
      launched?.launch_order === 'terminate-first' &&
      old !== undefined &&
      old.state !== 'isolated' &&
      !hidden.has(old.providerId)
    )
      wrong.push(`${about} was launched before its predecessor went`);
    if (what === 'draining' && replaced.every(({ path }) => !path.includes('draining')))
      wrong.push(`${about} was drained, and is not being replaced`);
  }
  const asked = [...is.machines.values()].filter(({ providerId }) => !ghosts.has(providerId));
  for (const [key, own] of Map.groupBy(asked, ({ launchKey }) => launchKey ?? '')) {
    if (key !== '' && own.length > 1) wrong.push(`${own.length} machines of ${key}`);
  }
  return wrong;
}

/** 6: whoever writes or calls has the lease just then. */
function leads(done: readonly Act[]): string[] {
  return done
    .filter(({ server, leader }) => server !== leader)
    .map(({ server, what, leader }) => `${server} ${what} while ${leader ?? 'nobody'} led`);
}

/** One that launches after its predecessor had to go may have it tried again, once a person says so. */
function mayBeEnded(maker: Replaced | undefined): boolean {
  return isGivenUp(maker) || (maker?.launch_order === 'terminate-first' && maker.path.includes('stuck'));
}

/** 2, 7: what was past the point of no return in this step, and whether it might. */
function passed(was: View, is: View): string[] {
  const before = new Map(was.replacements.map((one) => [one.id, one.path]));
  return is.replacements.flatMap((one) => {
    const isNew = (states: readonly string[]) =>
      one.path.some((state) => states.includes(state)) &&
      !(before.get(one.id) ?? []).some((state) => states.includes(state));
    const isFirst = one.launch_order === 'launch-first';
    return [
      ...(isNew(returns) ? mayPass(one, was, is) : []),
      ...(isNew(isFirst ? returns : ['proving']) ? isReplaced(one, is) : []),
    ].map((why) => `${one.old_provider_id} is given up, and ${why}`);
  });
}

function mayPass(one: Replaced, was: View, is: View): string[] {
  const group = was.groups.find(({ name }) => name === one.group_name);
  const policy = was.policies.find(({ name }) => name === one.policy);
  const isAsked = askedOf(was, one).length > 0;
  const lack = lackOf(one, was, is, actingOn(was, one));
  return unless([
    [group?.breaker === null, 'the breaker was open'],
    [group?.spec.stateless === true, 'its group is not stateless'],
    [policy?.mode === 'enforce', 'its policy does not enforce'],
    [!isHeld(one, was, is), 'it is held'],
    [isStillWanted(was, one), 'what it was replaced for is over'],
    [lack === undefined, `it lacks its approval: ${lack}`],
    [!isAsked || !one.path.includes('terminating'), 'its evidence goes with it'],
  ]);
}

function isReplaced(one: Replaced, is: View): string[] {
  const made = is.instances.find(({ id }) => id === one.new_instance_id);
  return unless([
    [made !== undefined, 'its successor never reported'],
    [made?.launch_key === `r-${one.id}`, 'its successor is of another launch'],
    [made?.image_digest === one.target_digest, 'its successor is of another image'],
    [made?.verdict === 'in_sync' && made.taint_at === null, 'its successor is not clean'],
    [(made?.scan_started_at ?? '') >= (one.launched_at ?? '~'), 'its successor was not measured since its launch'],
    [isThere(one.new_provider_id ?? '', is), 'its successor does not run'],
    [isMeasuredThere(one, is), 'what was measured is another machine'],
  ]);
}

/** What is lost while a server looks another way was there a moment ago. */
function isThere(providerId: string, { machines, lost }: View): boolean {
  return machines.get(providerId)?.state === 'running' || lost.has(providerId);
}

/** But where the one that was measured is one that nobody could see. */
function isMeasuredThere({ new_instance_id: id, new_provider_id: machine }: Replaced, is: View): boolean {
  const measured = is.runsOn.get(id ?? '');
  return measured === machine || is.everUnlisted.has(measured ?? '') || is.everUnlisted.has(machine ?? '');
}

function unless(holds: readonly (readonly [boolean, string])[]): string[] {
  return holds.flatMap(([isSo, why]) => (isSo ? [] : [why]));
}
