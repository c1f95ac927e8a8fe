import { holeOf, withServerHole } from '../fleet/server-holes.ts';
import type { StoredInstance } from '../store/instance-store.ts';

/**
 * An agent that compares with another image than its instance was enrolled for. Which image an instance must be is not its
 * to say, or an agent could choose its own baseline. Known as a hole over everything, until a sweep against the right image.
 */
export function withOtherImage(instance: StoredInstance, claimed: string): StoredInstance {
  return withServerHole({ ...instance, pendingScan: null }, 'other-image', claimed);
}

export function comparesOtherImage(instance: StoredInstance): boolean {
  return holeOf(instance, 'other-image') !== undefined;
}
