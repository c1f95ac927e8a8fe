import type { Clock } from '../../../shared/clock.ts';
import { neighbourhoodOf } from './peer.ts';

export interface AttemptLimits {
  /** Refusals of one neighbourhood at once, and in the long run. */
  readonly refusalsMax: number;
  readonly refusalsPerSecond: number;
  /** Neighbourhoods remembered; beyond, the one not heard for the longest is forgotten. */
  readonly neighbourhoodsMax: number;
}

export const attemptLimits: AttemptLimits = { refusalsMax: 100, refusalsPerSecond: 2, neighbourhoodsMax: 10_000 };

/**
 * Whoever is refused again and again is not listened to for a while, before anything is computed or looked up for it. Only
 * refusals count, so that a fleet behind one address enrols as fast as it can.
 */
export interface Attempts {
  mayTry(peer: string): boolean;
  refused(peer: string): void;
}

export function createAttempts(clock: Pick<Clock, 'monotonic'>, limits: AttemptLimits = attemptLimits): Attempts {
  const spent = new Map<string, { readonly refusals: number; readonly at: number }>();

  const refusalsOf = (key: string): number => {
    const { refusals, at } = spent.get(key) ?? { refusals: 0, at: 0 };
    return Math.max(0, refusals - ((clock.monotonic() - at) / 1_000) * limits.refusalsPerSecond);
  };

  return {
    mayTry: (peer) => refusalsOf(neighbourhoodOf(peer)) < limits.refusalsMax,
    refused(peer) {
      const key = neighbourhoodOf(peer);
      const refusals = refusalsOf(key) + 1;
      spent.delete(key);
      spent.set(key, { refusals, at: clock.monotonic() });
      const oldest = spent.keys().next().value;
      if (spent.size > limits.neighbourhoodsMax && oldest !== undefined) spent.delete(oldest);
    },
  };
}
