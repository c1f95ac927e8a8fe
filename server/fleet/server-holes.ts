import { emptyCoverage, type Hole, type HoleReason, serverHoleReasons } from '../../shared/coverage.ts';
import type { StoredInstance } from '../store/instance-store.ts';

/**
 * Holes that only this end knows of. They stand in the coverage beside those of the agent, which count no more and no less
 * for the verdict; in the state digest, which both ends compute, they are left out.
 */

/** What no sweep closes: how it came to be is not the agent's to say. */
const lasting: ReadonlySet<HoleReason> = new Set(['unknown-image', 'seen-outside']);

export function isOurs({ reason }: Hole): boolean {
  return serverHoleReasons.has(reason);
}

/** Without those that only this end knows of. */
export function holesOfAgent({ coverage }: Pick<StoredInstance, 'coverage'>): readonly Hole[] {
  return coverage?.holes.filter((hole) => !isOurs(hole)) ?? [];
}

/** What stands, whatever a complete sweep has found. */
export function lastingHoles({ coverage }: Pick<StoredInstance, 'coverage'>): readonly Hole[] {
  return coverage?.holes.filter(({ reason }) => lasting.has(reason)) ?? [];
}

export function holeOf({ coverage }: Pick<StoredInstance, 'coverage'>, reason: HoleReason): Hole | undefined {
  return coverage?.holes.find((hole) => hole.reason === reason);
}

/** A hole over everything, in place of one of the same reason. */
export function withServerHole(instance: StoredInstance, reason: HoleReason, name: string): StoredInstance {
  const { coverage, ...rest } = withoutServerHole(instance, reason);
  const { holes, ...others } = coverage ?? emptyCoverage;
  return { ...rest, coverage: { ...others, holes: [...holes, { subject: 'manifest', name, reason }] } };
}

export function withoutServerHole(instance: StoredInstance, reason: HoleReason): StoredInstance {
  const { coverage } = instance;
  if (coverage === null) return instance;
  return { ...instance, coverage: { ...coverage, holes: coverage.holes.filter((hole) => hole.reason !== reason) } };
}
