import type { Budget, Cap, Policy } from '../../shared/policy.ts';
import type { TriggerKind } from '../../shared/trigger-kind.ts';
import type { Machine } from '../provider/provider.ts';
import { launchKeyOf } from './launch-key.ts';
import { witnessOf } from './silence.ts';
import type { FleetSnapshot, GroupSnapshot, InstanceSnapshot } from './snapshot.ts';

/** DESIGN §5 rule 5. `N` is always the desired size: what there is, one for each replacement under way. */

export const startsPerHourMax = 30;
/** A policy's first replacements run one at a time, each soaked, because a new policy is the likeliest to be wrong. */
export const firstRunsSingly = 3;
const groupDefault = { percent: 10, max: 5 } as const;
const fleetDefault = { percent: 1, max: 20 } as const;

/** Whatever the percentage, one instance may go; unless it is none at all. */
export function percentOf(percent: number, size: number): number {
  return percent > 0 ? Math.max(1, Math.floor((percent * size) / 100)) : 0;
}

export function capOf(cap: Cap, size: number): number {
  return typeof cap === 'number' ? cap : percentOf(Number(cap.slice(0, -1)), size);
}

export interface Limit {
  readonly per: NonNullable<Budget['per']>;
  /** Of so many. */
  readonly capOf: (size: number) => number;
}

/** All that a policy allows for such a reason: each holds. */
export function limitsOf({ budgets }: Pick<Policy, 'budgets'>, trigger: TriggerKind): readonly Limit[] {
  const mine = budgets.filter(({ triggers }) => triggers?.includes(trigger) ?? true);
  const limits = mine.map(({ per = 'group', max }): Limit => ({ per, capOf: (size) => capOf(max, size) }));
  // A budget for some triggers, or for less or more than a group, must not leave the group without the limit that everybody has.
  if (mine.every(({ per = 'group', triggers }) => per !== 'group' || triggers !== undefined))
    limits.push({ per: 'group', capOf: (size) => Math.min(percentOf(groupDefault.percent, size), groupDefault.max) });
  return limits;
}

/** How many instances of a group may be unavailable for this policy to take one more for such a reason. */
export function policyCap(policy: Policy, size: number, trigger: TriggerKind): number {
  const ofGroup = limitsOf(policy, trigger).filter(({ per }) => per === 'group');
  return Math.min(...ofGroup.map((limit) => limit.capOf(size)));
}

export function fleetCap(size: number): number {
  return Math.min(percentOf(fleetDefault.percent, size), fleetDefault.max);
}

/** One that counts in the sizes of its group, its zone, its labels and the fleet, or takes from what they may miss. */
export interface Member {
  readonly key: string;
  readonly zone: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** So many of the desired size. */
  readonly counts: number;
  /**
   * `quiet`: its agent is silent, and its machine runs, by all that its provider says. `dead`: its
   * provider says too that it does not work, or it is isolated. `replaced`: a replacement is under way. */
  readonly is: 'available' | 'quiet' | 'down' | 'dead' | 'replaced';
}

/**
 * Tells the members of a group, each once: an instance, a machine that nobody ever spoke for, or a replacement under way, which
 * stands for its old and its new instance together and is unavailable until it has ended. The size is that of the provider:
 * agents that no machine stands behind would raise every percentage, and who has a join token can enrol as many as it allows.
 * They are told one by one, and kept by nobody: a fleet has a hundred thousand of them.
 */
export function forEachMember(
  active: FleetSnapshot['active'],
  { group, machines, instances, bystanders = 0 }: GroupSnapshot,
  tell: (member: Member) => void,
): void {
  const own = active.filter((replacement) => replacement.group === group.name);
  for (const { oldInstanceId, zone = null, labels = {} } of own) {
    tell({ key: oldInstanceId, zone, labels, counts: 1, is: 'replaced' });
  }
  if (bystanders > 0) tell({ key: '', zone: null, labels: {}, counts: bystanders, is: 'available' });
  const [replacedIds, replaced] = [
    new Set(own.map(({ oldInstanceId }) => oldInstanceId)),
    new Set(own.map((one) => one.oldProviderId)),
  ];
  const launched = new Set(own.map(({ id }) => launchKeyOf(id)));

  const all = machines ?? [];
  const places = new Map(all.map(({ providerId }, place) => [providerId, place]));
  const [isCounted, isSpokenFor] = [new Uint8Array(all.length), new Uint8Array(all.length)];
  for (const place of places.values()) {
    const { providerId, launchKey } = all[place]!;
    if (replaced.has(providerId) || (launchKey !== null && launched.has(launchKey))) isCounted[place] = 1;
  }
  for (const instance of instances) {
    const { id: key, providerId, launchKey, zone, labels } = instance;
    const place = providerId === null ? undefined : places.get(providerId);
    if (place !== undefined) isSpokenFor[place] = 1;
    if (replacedIds.has(key) && replaced.has(providerId ?? '')) continue;
    if (launchKey !== null && launched.has(launchKey)) continue;
    if (instance.isKeptOver) {
      if (place !== undefined) isCounted[place] = 1;
      continue;
    }
    const machine = place === undefined ? undefined : all[place];
    // One enrolled by hand has no machine that could be asked about.
    const runs = machines === null || providerId === null || (machine?.state === 'running' && !machine.isImpaired);
    const isFirst = place !== undefined && isCounted[place] === 0;
    if (place !== undefined) isCounted[place] = 1;
    const counts = isFirst || (machines === null && providerId !== null) ? 1 : 0;
    tell({ key, zone, labels, counts, is: isDead(instance, machine) ? 'dead' : stateOf(instance, runs) });
  }
  for (const [providerId, place] of places) {
    if (isCounted[place] === 1) continue;
    const is = isSpokenFor[place] === 1 ? 'available' : 'down';
    tell({ key: `machine ${providerId}`, zone: all[place]!.zone ?? null, labels: {}, counts: 1, is });
  }
}

/** There is nothing left of it that a replacement could take away. */
function isDead({ lifecycle, online }: InstanceSnapshot, machine: Machine | undefined): boolean {
  return lifecycle === 'quarantined' || (!online && witnessOf(machine) !== null);
}

function stateOf({ lifecycle, online }: InstanceSnapshot, runs: boolean): Member['is'] {
  if (lifecycle !== 'active' || !runs) return 'down';
  return online ? 'available' : 'quiet';
}

/** Those of one group together. */
export function membersOf(snapshot: FleetSnapshot, group: GroupSnapshot) {
  let size = 0;
  /** Those of them of which nothing more is known than that their agents are silent are `quiet`. */
  const [unavailable, quiet] = [new Set<string>(), new Set<string>()];
  forEachMember(snapshot.active, group, ({ key, counts, is }) => {
    size += counts;
    if (is !== 'available') unavailable.add(key);
    if (is === 'quiet') quiet.add(key);
  });
  return { size, unavailable, quiet };
}
