import type { SimulatedPlan, Simulation } from '../../shared/api-foresight.ts';
import type { Policy } from '../../shared/policy.ts';
import { selectedBy, type VersionedPolicy } from './candidates.ts';
import { lintPolicy } from './lint.ts';
import { type Plan, planReplacements } from './planner.ts';
import type { FleetSnapshot } from './snapshot.ts';

const blockedShownMax = 500;

/** The given ones in place of those stored by their names, and beside the others. */
export function withGiven(stored: readonly VersionedPolicy[], given: readonly Policy[]): readonly VersionedPolicy[] {
  const names = new Set(given.map(({ name }) => name));
  const versions = new Map(stored.map(({ policy, version }) => [policy.name, version]));
  const changed = given.map((policy) => ({ policy, version: (versions.get(policy.name) ?? 0) + 1 }));
  return [...stored.filter(({ policy }) => !names.has(policy.name)), ...changed].sort((a, b) =>
    a.policy.name < b.policy.name ? -1 : 1,
  );
}

export function enforcing(given: readonly Policy[]): readonly Policy[] {
  return given.map((policy) => ({ ...policy, mode: 'enforce' }));
}

/** What the given policies would do now, by the planner itself. Pure. */
export function simulateNow(
  snapshot: FleetSnapshot,
  stored: readonly VersionedPolicy[],
  given: readonly Policy[],
  now: number,
): Pick<Simulation, 'asWritten' | 'enforced' | 'warnings'> {
  const names = new Set(given.map(({ name }) => name));
  const planOf = (policies: readonly Policy[]) =>
    simulated(planReplacements(snapshot, withGiven(stored, policies), now), names);
  return {
    asWritten: planOf(given),
    enforced: planOf(enforcing(given)),
    warnings: warningsOf(snapshot, withGiven(stored, given), given, now),
  };
}

function simulated({ commands, blocked, trips }: Plan, names: ReadonlySet<string>): SimulatedPlan {
  const own = blocked.filter(({ policy }) => names.has(policy));
  const starting = commands.filter(({ policy }) => names.has(policy));
  const counts = new Map<SimulatedPlan['heldBack'][number]['kind'], number>();
  for (const { blockers } of own)
    for (const kind of new Set(blockers.map((blocker) => blocker.kind))) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return {
    candidates: own.length + starting.length,
    commands: starting.map(({ policy, group, instanceId, cause, target }) => ({
      policy,
      group,
      instanceId,
      cause,
      target,
    })),
    blocked: own.slice(0, blockedShownMax).map(({ policy, group, instanceId, cause, blockers }) => ({
      ...{ policy, group, instanceId, cause, blockers: [...blockers] },
    })),
    heldBack: [...counts].sort(([, a], [, b]) => b - a).map(([kind, instances]) => ({ kind, instances })),
    trips: [...trips],
  };
}

/** What the lint says of each, and who must declare what before it acts. */
function warningsOf(
  snapshot: FleetSnapshot,
  policies: readonly VersionedPolicy[],
  given: readonly Policy[],
  now: number,
): string[] {
  return given.flatMap((policy) => {
    const groups = selectedBy(policy, snapshot);
    const stateful = groups.filter(({ group }) => !group.stateless).map(({ group }) => group.name);
    const odd = lintPolicy(policy, snapshot, policies, now);
    const selectsNothing = groups.length === 0 && !odd.some(({ code }) => code === 'never-matches');
    return [
      ...odd.map(({ code, message }) => `policy ${policy.name}: ${message} (${code})`),
      ...(selectsNothing ? [`policy ${policy.name} selects nothing: no group that is declared is so`] : []),
      ...(stateful.length === 0
        ? []
        : [`policy ${policy.name} can act only once somebody declares \`stateless: true\` on ${stateful.join(', ')}`]),
    ];
  });
}
