import type { ReplacementState } from '../../shared/api.ts';
import { durationMs } from '../../shared/duration.ts';
import { Exemption } from '../../shared/exemption.ts';
import { Group, Policy } from '../../shared/policy.ts';
import type { MemoryMachine } from '../support/memory-provider.ts';
import { actingOn, isSelectedBy, isStillWanted, overspent, unfounded } from './limits.ts';
import { isHeld, lackOf, lookAtDecisions, movedWhileStopped } from './permissions.ts';
import type { Act } from './process.ts';
import { evidenceTtlMs, type SimulatedWorld } from './world.ts';

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
  reserved: ['launching', 'failed'],
  launching: ['verifying', 'rolling_back'],
  verifying: ['draining', 'rolling_back'],
  draining: ['terminating', 'rolling_back'],
  terminating: ['proving', 'stuck'],
  proving: ['soaking', 'failed', 'stuck'],
  soaking: ['succeeded', 'failed', 'stuck'],
  rolling_back: ['failed', 'stuck'],
  stuck: ['proving', 'soaking', 'succeeded', 'failed'],
  succeeded: [],
  failed: [],
};
const ended: readonly string[] = ['succeeded', 'failed'];
const hourMs = 3_600_000;
const startsPerHourMax = 30;
/** In groups as small as these; of a week, which no seed lasts. */
const alikeMax = 3;

export type View = Awaited<ReturnType<typeof look>>;

export function createInvariants(world: SimulatedWorld): Invariants {
  let old: View | undefined;
  let effectsSeen = 0;
  const memory: Memory = { silentSince: new Map(), zones: new Map() };
  let actsSeen = 0;
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
      const done = world.acts.slice(actsSeen);
      actsSeen = world.acts.length;
      const moved = movedWhileStopped(was, is);
      return [
        ...starts(was, is, world),
        ...records(is),
        ...passed(was, is),
        ...acts(effects, was, is, world),
        ...leads(done),
        ...moved,
      ];
    },
    async atRest(sizes) {
      return rest(await look(world, memory), sizes);
    },
  };
}

interface Memory {
  /** By the monotonic clock. */
  readonly silentSince: Map<string, number>;
  /** Of all machines that there ever were. */
  readonly zones: Map<string, string>;
}

function follow({ clock, offline }: SimulatedWorld, { silentSince }: Memory): void {
  for (const id of silentSince.keys()) if (!offline.has(id)) silentSince.delete(id);
  for (const id of offline) if (!silentSince.has(id)) silentSince.set(id, clock.monotonic());
}

async function look(world: SimulatedWorld, memory: Memory) {
  const { db, clock, cloud, offline } = world;
  for (const { providerId, zone } of cloud.machines.values()) if (zone) memory.zones.set(providerId, zone);
  const steps = await db.selectFrom('replacement_step').selectAll().orderBy('replacement_id').orderBy('n').execute();
  const events = await db
    .selectFrom('event')
    .selectAll()
    .where('type', '=', 'replacement.step')
    .orderBy('id')
    .execute();
  const paths = Map.groupBy(steps, (step) => step.replacement_id);
  const replacements = (await db.selectFrom('replacement').selectAll().orderBy('id').execute()).map((row) => ({
    ...row,
    path: (paths.get(row.id) ?? []).map(({ state }) => state as ReplacementState),
    told: events.filter((event) => event.replacement_id === row.id).map(({ data }) => JSON.parse(data).state as string),
  }));
  const groups = (await db.selectFrom('instance_group').selectAll().execute()).map((row) => ({
    ...{ name: row.name, breaker: row.breaker_at, resetAt: row.breaker_reset_at ?? '' },
    spec: Group.parse(JSON.parse(row.spec)),
  }));
  const policies = (await db.selectFrom('policy').selectAll().execute()).map(({ spec }) =>
    Policy.parse(JSON.parse(spec)),
  );
  const instances = await db.selectFrom('instance').selectAll().execute();
  const exemptions = await db.selectFrom('exemption').select(['spec', 'ended_at']).execute();
  const findings = await db.selectFrom('finding').select(['instance_id', 'fingerprint']).execute();
  const pardons = await db.selectFrom('event').select('instance_id').where('type', '=', 'instance.pardoned').execute();
  const exempting = {
    findings: Map.groupBy(findings, (finding) => finding.instance_id),
    exemptions: exemptions.map(({ spec, ended_at: endedAt }) => ({ ...Exemption.parse(JSON.parse(spec)), endedAt })),
    pardoned: new Set(pardons.map((event) => event.instance_id)),
  };
  const requests = await db.selectFrom('replacement_request').selectAll().execute();
  return {
    ...{ now: clock.now(), elapsed: clock.monotonic(), replacements, groups, policies, instances, requests },
    ...exempting,
    ...{ silentSince: new Map(memory.silentSince), zones: memory.zones, evidenceTtlMs },
    decisions: await lookAtDecisions(world),
    machines: new Map(cloud.machines) as ReadonlyMap<string, MemoryMachine>,
    offline: new Set(offline),
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
    if (instance?.lifecycle !== 'active') say('though it was not active');
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
    const acting = actingOn(was, one);
    if (!acting.every((each) => isOpen(each, clock.now()))) say('while a window was closed');
  }
  wrong.push(...overspent(was, is, begun));
  const lately = is.replacements.filter(({ created_at: at }) => Date.parse(at) > is.now - hourMs);
  if (lately.length > startsPerHourMax) wrong.push(`${lately.length} were begun within an hour`);
  return wrong;
}

/** All through the step: declared before it, and not over at its end. */
function exemptedOf({ exemptions, now }: View, groupName: string): ReadonlySet<string> {
  const inForce = exemptions.filter(
    ({ group, until, endedAt }) => group === groupName && endedAt === null && Date.parse(until) > now,
  );
  return new Set(inForce.flatMap(({ drift }) => ('fingerprint' in drift ? [drift.fingerprint] : [])));
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

/** 5, 6, 15: one record at a time, states in their order, each told of. */
function records(is: View): string[] {
  const wrong: string[] = [];
  const active = is.replacements.filter(({ state }) => !ended.includes(state));
  for (const [instance, own] of Map.groupBy(active, (one) => one.old_instance_id)) {
    if (own.length > 1) wrong.push(`${own.length} replacements of ${instance} at once`);
  }
  for (const { id, path, state, told } of is.replacements) {
    for (const [n, to] of path.slice(1).entries()) {
      if (!next[path[n]!].includes(to)) wrong.push(`replacement ${id} went from ${path[n]} to ${to}`);
    }
    if (state === 'succeeded' && !isMeasuredTwice(is, id))
      wrong.push(`replacement ${id} succeeded without a second scan`);
    if (path.at(-1) !== state) wrong.push(`replacement ${id} is ${state}, and its last step was ${path.at(-1)}`);
    if (told.join() !== path.join()) wrong.push(`replacement ${id} went ${path.join()}, and ${told.join()} was told`);
    const after = path.indexOf('terminating');
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
  return predicate.soak.scan.startedAt >= until && predicate.scan.startedAt < until;
}

/** 2, 7, 9: what the cloud did in this step, and whose wish it was. */
function acts(effects: readonly string[], was: View, is: View, { cloud }: SimulatedWorld): string[] {
  const wrong: string[] = [];
  const byKey = new Map(is.replacements.map((one) => [`r-${one.id}`, one]));
  for (const effect of effects) {
    const [what, about = ''] = effect.split(' ');
    const replaced = is.replacements.filter((one) => one.old_provider_id === about);
    const maker = byKey.get(keyOf(about));
    if (what === 'terminate') {
      const cause = replaced.find(({ path }) => path.includes('terminating'));
      if (cause === undefined && !isGivenUp(maker)) wrong.push(`${about} was ended, and nobody may have wanted it`);
      const isDrained = cloud.effects.includes(`draining ${about}`) || was.machines.get(about)?.state === 'stopped';
      if (cause !== undefined && !isDrained) wrong.push(`${about} was ended, and never drained`);
    }
    if (what === 'launch' && byKey.get(about) === undefined) wrong.push(`${about} was launched for nobody`);
    if (what === 'draining' && replaced.every(({ path }) => !path.includes('draining')))
      wrong.push(`${about} was drained, and is not being replaced`);
  }
  for (const [key, own] of Map.groupBy(is.machines.values(), ({ launchKey }) => launchKey ?? '')) {
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

/** The cloud names machines by what they were launched with. */
function keyOf(providerId: string): string {
  return /^m-[a-z]+-(r-.+)$/.exec(providerId)?.[1] ?? '';
}

type Replaced = View['replacements'][number];

function isGivenUp(maker: Replaced | undefined): boolean {
  if (maker === undefined || maker.path.includes('terminating')) return false;
  return maker.path.includes('rolling_back') || maker.state === 'failed';
}

/** 2, 7: what was past the point of no return in this step, and whether it might. */
function passed(was: View, is: View): string[] {
  const before = new Map(was.replacements.map((one) => [one.id, one]));
  return is.replacements.flatMap((one) => {
    if (!one.path.includes('terminating') || before.get(one.id)?.path.includes('terminating')) return [];
    const group = was.groups.find(({ name }) => name === one.group_name);
    const policy = was.policies.find(({ name }) => name === one.policy);
    const made = is.instances.find(({ id }) => id === one.new_instance_id);
    const holds: readonly (readonly [boolean, string])[] = [
      [group?.breaker === null, 'the breaker was open'],
      [group?.spec.stateless === true, 'its group is not stateless'],
      [policy?.mode === 'enforce', 'its policy does not enforce'],
      [isStillWanted(was, one), 'what it was replaced for is over'],
      [!isHeld(one, was, is), 'it is held'],
      [
        lackOf(one, was, is, actingOn(was, one)) === undefined,
        `it lacks its approval: ${lackOf(one, was, is, actingOn(was, one))}`,
      ],
      [made !== undefined, 'its successor never reported'],
      [made?.launch_key === `r-${one.id}`, 'its successor is of another launch'],
      [made?.image_digest === one.target_digest, 'its successor is of another image'],
      [made?.verdict === 'in_sync' && made.taint_at === null, 'its successor is not clean'],
      [(made?.scan_started_at ?? '') >= (one.launched_at ?? '~'), 'its successor was not measured since its launch'],
      [is.machines.get(one.new_provider_id ?? '')?.state === 'running', 'its successor does not run'],
    ];
    return holds.flatMap(([isSo, why]) => (isSo ? [] : [`${one.old_provider_id} is given up, and ${why}`]));
  });
}

/** 6, 8, 11: nothing is left, nobody waits, and there are as many as there were. */
function rest(is: View, sizes: ReadonlyMap<string, number>): string[] {
  const wrong: string[] = [];
  const open = is.replacements.filter(({ state }) => !ended.includes(state));
  for (const { id, state, error } of open) wrong.push(`replacement ${id} is still ${state}: ${error}`);
  for (const [group, size] of sizes) {
    const own = [...is.machines.values()].filter((machine) => machine.group === group);
    if (own.length !== size) wrong.push(`${group} has ${own.length} machines, and had ${size}`);
  }
  for (const { providerId, state, launchKey } of is.machines.values()) {
    if (state === 'draining') wrong.push(`${providerId} is left draining`);
    const maker = is.replacements.find(({ id }) => `r-${id}` === launchKey);
    if (isGivenUp(maker)) wrong.push(`${providerId} is left of replacement ${maker?.id}, which was given up`);
  }
  for (const { id, lifecycle, taint_at: taint } of is.instances) {
    if (lifecycle === 'replacing') wrong.push(`${id} is being replaced, and nobody does it`);
    if (lifecycle === 'active' && taint !== null) wrong.push(`${id} is tainted, and nobody came`);
    const own = is.findings.get(id) ?? [];
    if (lifecycle === 'active' && taint === null && own.length > 0 && !is.pardoned.has(id))
      wrong.push(`${id} drifted, and nobody knows of it since an exemption ended`);
  }
  return wrong;
}
