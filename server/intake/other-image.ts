import { emptyCoverage, type Hole } from '../../shared/coverage.ts';
import type { StoredInstance } from '../store/instance-store.ts';

/**
 * An agent that compares with another image than its instance was enrolled for. Which image an instance must be is its
 * token's to say, or an agent could choose its own baseline. Known as a hole over everything, until a sweep against the right image.
 */
export function withOtherImage(instance: StoredInstance, claimed: string): StoredInstance {
  const hole: Hole = { subject: 'manifest', name: claimed, reason: 'other-image' };
  const coverage = instance.coverage ?? emptyCoverage;
  return { ...instance, pendingScan: null, coverage: { ...coverage, holes: [...holesOfAgent(instance), hole] } };
}

export function comparesOtherImage(instance: StoredInstance): boolean {
  return instance.coverage?.holes.some(({ reason }) => reason === 'other-image') ?? false;
}

/** Without those that only this end knows of. */
export function holesOfAgent(instance: StoredInstance): readonly Hole[] {
  return instance.coverage?.holes.filter((hole) => !isOurs(hole)) ?? [];
}

export function isOurs(hole: Hole): boolean {
  return hole.reason === 'other-image' || hole.reason === 'other-rules';
}
