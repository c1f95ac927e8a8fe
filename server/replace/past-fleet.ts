import { timestamp } from '../../shared/clock.ts';
import { durationMs } from '../../shared/duration.ts';
import type { Policy } from '../../shared/policy.ts';
import type { BacktestOf } from './backtest.ts';
import type { Past, PastInstance } from './past.ts';
import * as virtual from './virtual-fleet.ts';

/** Something that happened, or is due. */
export interface Moment {
  readonly at: number;
  /** Whether that may matter to a plan. */
  readonly happen: (at: number) => boolean;
}

const minuteMs = 60_000;
/** Where no replacement has ended yet to learn from; its soak comes on top. */
const assumedMs = 10 * minuteMs;
const paceOfLast = 50;

/**
 * The places of the fleet, by the instance that was in each when it began, and what happened to them. Who was really replaced in
 * that time and who came for it are in one place: whether they would have changed there is the question.
 */
export function slotsOf(groups: readonly virtual.VirtualGroup[], { past, from }: BacktestOf) {
  const byName = new Map(groups.map((group) => [group.live.group.name, group]));
  const byId = new Map(past.instances.map((instance) => [instance.id, instance]));
  const within = past.replacements.filter(({ createdAt }) => createdAt >= from);
  const successors = new Map(
    within.flatMap((one) =>
      one.retiredAt !== null && one.newInstanceId ? [[one.oldInstanceId, one.newInstanceId]] : [],
    ),
  );
  const launched = new Set<string | null>(within.map(({ id }) => `r-${id}`));
  const slots = new Map<string, virtual.Slot>();
  const moments: Moment[] = [];
  for (const first of past.instances) {
    const group = byName.get(first.group);
    // What was launched for a replacement of that time is in the place of whom it was to replace, or was given up.
    if (group === undefined || first.goneAt < from || launched.has(first.launchKey)) continue;
    const chain = chainOf(first, successors, byId);
    const slot = virtual.createSlot(group, chain, past.images.get(first.imageDigest) ?? null);
    slots.set(slot.id, slot);
    moments.push(...momentsOf(slot));
  }
  for (const group of groups) {
    const { name } = group.live.group;
    for (const at of past.resets.get(name) ?? []) moments.push({ at, happen: () => virtual.reset(group, at) });
    if (group.outdatedFrom >= from)
      moments.push({
        at: group.outdatedFrom,
        happen: (at) => {
          for (const slot of slots.values()) if (slot.group === group) virtual.place(slot, at);
          return group.isWanted;
        },
      });
  }
  return { slots, moments: moments.sort((a, b) => a.at - b.at) };
}

function chainOf(
  first: PastInstance,
  successors: ReadonlyMap<string, string>,
  byId: ReadonlyMap<string, PastInstance>,
): readonly PastInstance[] {
  const chain = [first];
  for (let next = successors.get(first.id); next !== undefined; next = successors.get(next)) {
    const instance = byId.get(next);
    if (instance === undefined || chain.includes(instance)) break;
    chain.push(instance);
  }
  return chain;
}

function momentsOf(slot: virtual.Slot): readonly Moment[] {
  const { group, past } = slot;
  const first = past[0]!;
  const { goneAt } = past.at(-1)!;
  const moments: Moment[] = [{ at: first.enrolledAt, happen: (at) => virtual.join(slot, at) }];
  if (goneAt !== Infinity) moments.push({ at: goneAt, happen: (at) => virtual.leave(slot, at) });
  if (!group.isWanted) return moments;
  const again = (at: number) => virtual.place(slot, at);
  for (const ageMs of group.agesMs) moments.push({ at: first.enrolledAt + ageMs + 1, happen: again });
  for (const { drifts, liftedAt, doubtedSince, looked } of past) {
    for (const drift of drifts) moments.push({ at: drift.firstSeenAt, happen: (at) => virtual.drift(slot, drift, at) });
    for (const at of liftedAt) moments.push({ at, happen: () => virtual.lift(slot, at) });
    if (doubtedSince !== null) moments.push({ at: doubtedSince, happen: again });
    for (const { from, to } of looked)
      moments.push({ at: from, happen: again }, { at: to + group.evidenceTtlMs, happen: again });
  }
  return moments;
}

export interface Pace {
  /** From its start to where the old instance is gone, and to its end. */
  readonly retiredMs: number;
  readonly endedMs: number;
  /** How many replacements that rests on. */
  readonly of: number;
}

/** As long as half of the group's last ones took. */
export function paceOf({ replacements }: Past, group: string, { strategy }: Policy): Pace {
  const ended = replacements.filter((one) => one.group === group && one.state === 'succeeded').slice(-paceOfLast);
  if (ended.length === 0) return { retiredMs: assumedMs, endedMs: assumedMs + durationMs(strategy.soak), of: 0 };
  const middle = (values: readonly number[]) => values.toSorted((a, b) => a - b)[(values.length - 1) >> 1]!;
  return {
    retiredMs: middle(ended.map(({ createdAt, retiredAt, updatedAt }) => (retiredAt ?? updatedAt) - createdAt)),
    endedMs: middle(ended.map(({ createdAt, updatedAt }) => updatedAt - createdAt)),
    of: ended.length,
  };
}

/** What the history does not tell, in sentences. */
export function assumptionsOf(
  { past, acting, given, from }: BacktestOf,
  groups: readonly virtual.VirtualGroup[],
): string[] {
  const policies = acting.map(({ policy }) => policy).filter(({ name }) => given.has(name));
  const wanted = groups.filter(({ isWanted }) => isWanted);
  const paces = policies.flatMap((policy) =>
    wanted.map(({ live }) => ({ name: live.group.name, ...paceOf(past, live.group.name, policy) })),
  );
  const said = paces.slice(0, 3).map(({ name, retiredMs, endedMs, of }) => {
    const on = of === 0 ? 'none of its replacements has ended to learn from' : `as half of its last ${of} did`;
    return `a replacement in ${name} has ended its old instance after ${minutes(retiredMs)} and is over after ${minutes(endedMs)}: ${on}`;
  });
  const unknown = wanted
    .filter(({ outdatedFrom }) => outdatedFrom > from)
    .map(({ live, outdatedFrom }) => `${live.group.name} before ${timestamp(outdatedFrom)}`);
  const failed = past.replacements.filter(({ state, createdAt }) => state === 'failed' && createdAt >= from).length;
  return [
    'every agent was connected, every machine ran, and this server was never away: history does not tell who was silent',
    'triggers `silent`, `unverifiable` and `manual` wanted nothing, no drift was exempted, and nothing was kept in quarantine',
    'zones and labels of instances are not known of the past: what selects or limits by them may have chosen others',
    'nobody held anything, and what needs approval was approved at once',
    'every provider launched what was promoted',
    'groups, images and the other policies that enforce were as they are now',
    ...(unknown.length === 0
      ? []
      : [`nothing was outdated where it is not known what was promoted: ${unknown.slice(0, 3).join(', ')}`]),
    ...said,
    `each replacement succeeds${failed === 0 ? '' : `; really ${failed} of that time failed`}`,
    'what changed a machine that would have been replaced by then would have changed its successor too',
    'a breaker that opens stays open until the next time that a person really reset it, or to the end',
    ...(past.knownSince > from
      ? [`events, and so pardons and resets, are known only since ${timestamp(past.knownSince)}`]
      : []),
    'of one instance the first twenty findings of each severity count',
  ];
}

function minutes(ms: number): string {
  return `${Math.round((ms / minuteMs) * 10) / 10} min`;
}
