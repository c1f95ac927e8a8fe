import type { VersionedPolicy } from '../../../server/replace/candidates.ts';
import { type Blocked, type Plan, planReplacements } from '../../../server/replace/planner.ts';
import type {
  ActiveReplacement,
  FleetSnapshot,
  GroupSnapshot,
  InstanceSnapshot,
} from '../../../server/replace/snapshot.ts';
import { aGroup } from '../../support/builders.ts';
import type { ReplacementWorld } from '../../support/replacement-world.ts';
import { aGroupSnapshot, anInstance, aSnapshot, aTainted, now } from '../../support/snapshot.ts';

export const healthy = (count: number) => Array.from({ length: count }, () => anInstance());
export const tainted = (count: number) => Array.from({ length: count }, () => aTainted());

/** So large that no limit of the whole fleet gets in the way. */
const others = aGroupSnapshot({ group: aGroup({ name: 'others' }), instances: healthy(1_000) });

export function plan(group: Partial<GroupSnapshot>, policy: VersionedPolicy, fleet: Partial<FleetSnapshot> = {}): Plan {
  return planReplacements(aSnapshot([aGroupSnapshot(group), others], fleet), [policy], now);
}

export function blockedBy(blocked: readonly Blocked[]): readonly (readonly string[])[] {
  return blocked.map(({ blockers }) => blockers.map(({ kind }) => kind));
}

/** So many are being replaced, besides others. A person has seen all of it, and it opens no breaker. */
export function inProgress(count: number, besides: readonly InstanceSnapshot[]) {
  const old = Array.from({ length: count }, () => anInstance({ lifecycle: 'replacing' }));
  const active: ActiveReplacement[] = old.map(({ id, providerId }) => ({
    ...{ id: `replacement of ${id}`, group: 'web', policy: 'web', state: 'verifying' },
    ...{ oldInstanceId: id, oldProviderId: providerId! },
  }));
  return { group: { instances: [...old, ...besides], breakerResetAt: now }, active };
}

export const hasEnded = (world: ReplacementWorld) => async () => {
  const all = await world.replacements();
  return all.length > 0 && all.every(({ state }) => ['succeeded', 'failed', 'stuck'].includes(state));
};
