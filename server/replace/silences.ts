import type { Clock } from '../../shared/clock.ts';

/** Nobody looked for so long: this process did not run, and heard nobody. */
const pauseMsMin = 60_000;

/** For how long this server has waited in vain to hear of an instance. */
export interface Silences {
  /** Milliseconds; null while it is online. To be asked for each instance at each look, because it counts from the first. */
  silentMs(instanceId: string): number | null;
}

/**
 * In memory and by the monotonic clock: a server that starts, or was paused, begins to count anew, so that its own absence
 * makes nobody silent for long.
 */
export function createSilences(clock: Clock, isOnline: (instanceId: string) => boolean): Silences {
  const since = new Map<string, number>();
  let lookedAt = clock.monotonic();
  return {
    silentMs(instanceId) {
      const now = clock.monotonic();
      if (now - lookedAt > pauseMsMin) since.clear();
      lookedAt = now;
      if (isOnline(instanceId)) {
        since.delete(instanceId);
        return null;
      }
      const from = since.get(instanceId) ?? now;
      since.set(instanceId, from);
      return now - from;
    },
  };
}
