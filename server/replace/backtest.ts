import type { Backtest } from '../../shared/api-foresight.ts';
import { timestamp } from '../../shared/clock.ts';
import { createTally } from './backtest-tally.ts';
import { openBooks } from './books.ts';
import { selectedBy, type VersionedPolicy } from './candidates.ts';
import { launchKeyOf } from './launch-key.ts';
import type { Past } from './past.ts';
import { assumptionsOf, type Moment, paceOf, slotsOf } from './past-fleet.ts';
import { type Command, planReplacements } from './planner.ts';
import type { ActiveReplacement, FleetSnapshot, GroupSnapshot } from './snapshot.ts';
import * as virtual from './virtual-fleet.ts';

export interface BacktestOf {
  /** As the fleet is now: groups, images, how long replacements take. */
  readonly live: FleetSnapshot;
  readonly past: Past;
  /** All of them enforce. */
  readonly acting: readonly VersionedPolicy[];
  /** Names of those that were asked about. */
  readonly given: ReadonlySet<string>;
  readonly from: number;
  readonly to: number;
  readonly evidenceTtlMs: number;
  readonly workMax?: number;
}

const hourMs = 3_600_000;
/** Instances shown to plans, over all of them: some seconds of work. Before it is spent moments are put together, which is said. */
const workMaxDefault = 1_200_000;
const workOfPlan = 20;
/** After so much, whoever else wants the processor has it. */
const workOfSlice = 500;
const looksMin = 200;
/** Neither is kept for whom it was in force then: nothing was held, and what needs approval was approved at once. */
const nobodyAsked = { absence: null, holds: [], consents: new Map() };
/** What stands for groups in which nothing happens; no group can be called that. */
const others = ' ';

/**
 * What policies would have done: the planner of today before the fleet of each moment at which something changed, under a clock
 * of its own. Yields when it has worked for a while. Pure.
 */
export function* backtest(options: BacktestOf): Generator<void, Backtest> {
  const { live, past, given, from, to, workMax = workMaxDefault } = options;
  const acting = options.acting.map(({ policy: { approval, ...policy }, version }) => ({ policy, version }));
  const policies = acting.map(({ policy }) => policy);
  const wanted = new Set(policies.flatMap((policy) => selectedBy(policy, live)));
  const groups = [...live.groups.values()].map((group) =>
    virtual.createGroup(group, policies, { ...options, isWanted: wanted.has(group) }),
  );
  const { slots, moments } = slotsOf(groups, options);
  const paces = new Map(policies.map((policy) => [policy.name, (group: string) => paceOf(past, group, policy)]));
  const books = openBooks();
  const tally = createTally(from, given);
  const active: ActiveReplacement[] = [];
  const wakes: Moment[] = [];
  let starts = past.replacements.map(({ createdAt }) => createdAt).filter((at) => at < from && at > from - hourMs);
  const soaked = new Map(live.soaked);
  for (const { policy, state, updatedAt } of past.replacements)
    if (state === 'succeeded' && updatedAt >= from) soaked.set(policy, (soaked.get(policy) ?? 1) - 1);
  let [nextMoment, planAt, plannedAt, now] = [0, from, from, from];
  let [work, slice, looks, coarsestMs, begun] = [0, 0, 0, 0, 0];
  happen();

  for (;;) {
    const due = Math.min(moments[nextMoment]?.at ?? Infinity, wakes.at(-1)?.at ?? Infinity, planAt);
    if (due >= to) break;
    const at = Math.min(Math.max(due, plannedAt + grainMs()), to);
    if (looks > 0) coarsestMs = Math.max(coarsestMs, at - due);
    now = at;
    const isChanged = happen();
    if (!isChanged && now < planAt) continue;
    tally.pass(now);
    plan();
    plannedAt = now;
    if (work - slice < workOfSlice) continue;
    slice = work;
    yield;
  }
  tally.pass(to);
  return {
    ...{ from: timestamp(from), to: timestamp(to), ...tally.sum() },
    ...{ looks, coarsestMs: Math.round(coarsestMs), assumptions: assumptionsOf(options, groups) },
  };

  function happen(): boolean {
    for (let isChanged = false; ; ) {
      const [moment, wake] = [moments[nextMoment], wakes.at(-1)];
      const first = wake !== undefined && (moment === undefined || wake.at < moment.at) ? wake : moment;
      if (first === undefined || first.at > now) return isChanged;
      if (first === wake) wakes.pop();
      else nextMoment += 1;
      isChanged = first.happen(first.at) || isChanged;
    }
  }

  function plan(): void {
    starts = starts.filter((at) => at > now - hourMs);
    const { shown, snapshot } = lookAt();
    const { commands, blocked, trips } = planReplacements(snapshot, acting, now, books);
    looks += 1;
    work +=
      workOfPlan + commands.length + shown.reduce((sum, { snapshot: { instances } }) => sum + instances.length, 0);
    for (const { group: name, cause } of trips) {
      const group = shown.find((one) => one.snapshot.group.name === name)!.group;
      group.breaker = { cause, trippedAt: timestamp(now) };
      tally.trip({ at: timestamp(now), group: name, cause });
    }
    planAt = tally.hold(
      blocked,
      shown.map(({ group }) => group),
      slots,
      now,
    );
    for (const command of commands) begin(command);
  }

  /** Groups in which nothing can happen are only so many instances more. */
  function lookAt() {
    const busy = new Set(active.map(({ group }) => group));
    const shown: { readonly group: virtual.VirtualGroup; readonly snapshot: GroupSnapshot }[] = [];
    let bystanders = 0;
    for (const group of groups) {
      if (virtual.isQuiet(group, now) && !busy.has(group.live.group.name)) {
        bystanders += group.present;
        continue;
      }
      group.shownAt = now;
      shown.push({ group, snapshot: virtual.snapshotOf(group, now) });
    }
    const named = shown.map(({ snapshot }) => [snapshot.group.name, snapshot] as const);
    const rest = groups.slice(0, 1).map(({ live: any }) => [others, crowdOf(any, bystanders)] as const);
    const snapshot = { groups: new Map([...named, ...rest]), ...nobodyAsked, active, starts, soaked };
    return { shown, snapshot };
  }

  function begin({ policy, group: name, instanceId, providerId, cause, shapes, target }: Command): void {
    const slot = slots.get(instanceId)!;
    const { group } = slot;
    const id = `of-backtest-${++begun}`;
    const isGiven = tally.start({ at: timestamp(now), policy, group: name, instanceId, trigger: cause.trigger }, slot);
    const { retiredMs, endedMs } = paces.get(policy)!(name);
    const one = {
      id,
      group: name,
      policy,
      state: 'verifying',
      oldInstanceId: instanceId,
      oldProviderId: providerId,
    } as const;
    active.push(one);
    starts.push(now);
    if (shapes.length > 0) group.replaced = [...group.replaced, { replacementId: id, instanceId, at: now, shapes }];
    slot.state = 'leaving';
    virtual.place(slot, now);
    wake(now + retiredMs, (at) => virtual.retire(slot, at));
    wake(now + endedMs, (at) => {
      active.splice(active.indexOf(one), 1);
      if (isGiven) tally.end();
      soaked.set(policy, (soaked.get(policy) ?? 0) + 1);
      slots.delete(slot.id);
      virtual.settle(slot, { launchKey: launchKeyOf(id), image: target }, at);
      slots.set(slot.id, slot);
      for (const ageMs of group.agesMs) wake(slot.enrolledAt + ageMs + 1, (then) => virtual.place(slot, then));
      return true;
    });
  }

  function wake(at: number, act: Moment['happen']): void {
    let [low, high] = [0, wakes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (wakes[middle]!.at > at) low = middle + 1;
      else high = middle;
    }
    wakes.splice(low, 0, { at, happen: act });
  }

  /** How much time a plan must stand for, so that the work is done before its bound. */
  function grainMs(): number {
    if (looks < looksMin || now <= from) return 0;
    const left = workMax - work;
    if ((work / (now - from)) * (to - now) <= left) return 0;
    return ((to - now) * (work / looks)) / Math.max(left, 1);
  }
}

function crowdOf({ group, ...any }: GroupSnapshot, bystanders: number): GroupSnapshot {
  const nothing = { breaker: null, failures: null, replaced: [], instances: [], machines: [] };
  return { ...any, ...nothing, group: { ...group, name: others }, bystanders };
}
