import type { Cap, Policy } from '../../shared/policy.ts';
import type { TriggerKind } from '../../shared/trigger-kind.ts';
import { launchKeyOf } from './launch-key.ts';
import type { FleetSnapshot, GroupSnapshot, InstanceSnapshot } from './snapshot.ts';

/** DESIGN §5 rule 5. `N` is always the desired size: what the group has, one for each replacement under way. */

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

/** How many instances of a group may be unavailable for this policy to take one more for such a reason. */
export function policyCap({ budgets }: Policy, size: number, trigger: TriggerKind): number {
  const mine = budgets.filter(({ triggers }) => triggers?.includes(trigger) ?? true);
  const caps = mine.map(({ max }) => capOf(max, size));
  // A budget for some triggers must not leave the others, or itself, without the limit that everybody has.
  if (mine.every(({ triggers }) => triggers !== undefined))
    caps.push(Math.min(percentOf(groupDefault.percent, size), groupDefault.max));
  return Math.min(...caps);
}

/** The smallest cap, over all policies that may act on the group, and whose it is. */
export function groupCap(
  policies: readonly Policy[],
  size: number,
  trigger: TriggerKind,
): { readonly cap: number; readonly of: string } {
  const caps = policies.map((policy) => ({ cap: policyCap(policy, size, trigger), of: policy.name }));
  return caps.reduce((least, each) => (each.cap < least.cap ? each : least), {
    cap: Number.POSITIVE_INFINITY,
    of: '',
  });
}

export function fleetCap(size: number): number {
  return Math.min(percentOf(fleetDefault.percent, size), fleetDefault.max);
}

export interface Members {
  /** Desired size. */
  readonly size: number;
  /** Keys of those that use the budget: down, silent, draining, absent or being replaced. */
  readonly unavailable: ReadonlySet<string>;
}

/**
 * The members of a group, each once: an instance, a machine that nobody ever spoke for, or a replacement under way, which
 * stands for its old and its new instance together and is unavailable until it has ended. The size is that of the provider:
 * agents that no machine stands behind would raise every percentage, and who has a join token can enrol as many as it allows.
 */
export function membersOf(
  snapshot: FleetSnapshot,
  { group, machines, instances, bystanders = 0 }: GroupSnapshot,
): Members {
  const active = snapshot.active.filter((replacement) => replacement.group === group.name);
  const unavailable = new Set<string>(active.map(({ oldInstanceId }) => oldInstanceId));
  const launched = new Set(active.map(({ id }) => launchKeyOf(id)));
  const replaced = new Set(active.map(({ oldProviderId }) => oldProviderId));
  let size = active.length + bystanders;

  const listed = new Map((machines ?? []).map((machine) => [machine.providerId, machine]));
  const spokenFor = new Set<string>();
  for (const instance of instances) {
    if (instance.providerId !== null) spokenFor.add(instance.providerId);
    if (unavailable.has(instance.id) && replaced.has(instance.providerId ?? '')) continue;
    if (instance.launchKey !== null && launched.has(instance.launchKey)) continue;
    if (machines === null && instance.providerId !== null) size += 1;
    const machine = instance.providerId === null ? undefined : listed.get(instance.providerId);
    // One enrolled by hand has no machine that could be asked about.
    const isRunning = machines === null || instance.providerId === null || machine?.state === 'running';
    if (!isAvailable(instance, isRunning)) unavailable.add(instance.id);
  }
  for (const { providerId, launchKey } of listed.values()) {
    if (replaced.has(providerId) || (launchKey !== null && launched.has(launchKey))) continue;
    size += 1;
    if (!spokenFor.has(providerId)) unavailable.add(`machine ${providerId}`);
  }
  return { size, unavailable };
}

function isAvailable(instance: InstanceSnapshot, isRunning: boolean): boolean {
  return instance.lifecycle === 'active' && instance.online && isRunning;
}
