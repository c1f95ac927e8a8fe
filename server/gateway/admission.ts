import { type TokenBucket, takeTokens } from './token-bucket.ts';

export interface AdmissionLimits {
  /** Upgrades without a valid hello at one time. */
  readonly handshakesMax: number;
  /** Upgrades in the long run, and at once. */
  readonly upgradesPerSecond: number;
  readonly burstUpgrades: number;
  /** Nobody is told to come later than that. */
  readonly retryAfterMsMax: number;
}

/** Who may upgrade now. When a fleet comes back all at once, the rest is told when to come again, one after another. */
export interface Admission {
  /** Undefined lets one in; else in how many milliseconds it should come again. */
  refuse(unproven: number): number | undefined;
}

export function createAdmission(limits: AdmissionLimits, monotonic: () => number): Admission {
  const share = { perSecond: limits.upgradesPerSecond, burst: limits.burstUpgrades };
  let bucket: TokenBucket = { tokens: limits.burstUpgrades, at: monotonic() };
  /** When the last of those who were told to come again is to come. */
  let turn = Number.NEGATIVE_INFINITY;
  return {
    refuse(unproven) {
      const now = monotonic();
      const taken = takeTokens(bucket, 1, share, now);
      if (taken.waitMs === 0 && unproven < limits.handshakesMax) {
        bucket = taken.bucket;
        return undefined;
      }
      turn = Math.min(Math.max(turn, now) + 1_000 / limits.upgradesPerSecond, now + limits.retryAfterMsMax);
      return turn - now;
    },
  };
}
