import type { Transactions } from '../store/group-commit.ts';
import { takeTokens } from './token-bucket.ts';

export interface SenderLimits {
  /** What one instance may send in the long run, and at once; beyond it is read more slowly. */
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
  /** The same of the time that its messages take: what is open of one instance makes them dear, not only what they hold. */
  readonly workMsPerSecond: number;
  readonly burstWorkMs: number;
}

/** What one sender may ask of this process: who asks for more waits, and nobody else does. */
export interface SenderShare {
  /** Milliseconds to wait before a frame of so many bytes is looked at. */
  take(frameBytes: number): number;
  /** Notes the milliseconds that its last report took. */
  spent(workMs: number): void;
  /** Does it, and notes how long that took, also when it throws. */
  measured<T>(work: () => T): T;
}

/** No frame is cheaper than this, so that many small ones have a limit too. */
const frameBytesMin = 1_024;

export function createSenderShare(limits: SenderLimits, monotonic: () => number): SenderShare {
  const ofBytes = { perSecond: limits.bytesPerSecond, burst: limits.burstBytes };
  const ofWork = { perSecond: limits.workMsPerSecond, burst: limits.burstWorkMs };
  let bytes = { tokens: limits.burstBytes, at: monotonic() };
  let work = { tokens: limits.burstWorkMs, at: monotonic() };
  const spent = (workMs: number) => {
    work = takeTokens(work, workMs, ofWork, monotonic()).bucket;
  };
  return {
    take(frameBytes) {
      const now = monotonic();
      const taken = takeTokens(bytes, Math.max(frameBytes, frameBytesMin), ofBytes, now);
      bytes = taken.bucket;
      return Math.max(taken.waitMs, takeTokens(work, 0, ofWork, now).waitMs);
    },
    spent,
    measured(parse) {
      const from = monotonic();
      try {
        return parse();
      } finally {
        spent(monotonic() - from);
      }
    },
  };
}

/** Shares remembered; beyond, the one not asked for the longest is forgotten. */
const sharesMax = 20_000;

/** The share of an instance goes with it from one connection to the next: who comes again has no other. */
export function createSenderShares(limits: SenderLimits, monotonic: () => number) {
  const shares = new Map<string, SenderShare>();
  return {
    of(instanceId: string): SenderShare {
      const share = shares.get(instanceId) ?? createSenderShare(limits, monotonic);
      shares.delete(instanceId);
      shares.set(instanceId, share);
      const oldest = shares.keys().next().value;
      if (shares.size > sharesMax && oldest !== undefined) shares.delete(oldest);
      return share;
    },
  };
}
export type SenderShares = ReturnType<typeof createSenderShares>;

/**
 * Transactions whose work is charged to a sender: in a group its own time, and not that of the others. With a commit of its
 * own (`isAlone`) that is charged too, since everybody else waits for it: a disk may take longer for it than the work did.
 */
export function charged(
  transactions: Transactions,
  { share, isAlone, monotonic }: { readonly share: SenderShare; readonly isAlone: boolean; monotonic(): number },
): Transactions {
  return {
    transaction: () => ({
      async execute(work) {
        let from = Number.NaN;
        const spent = () => share.spent(monotonic() - from);
        const done = transactions.transaction().execute((tx) => {
          from = monotonic();
          return isAlone ? work(tx) : work(tx).finally(spent);
        });
        return isAlone ? done.finally(() => Number.isNaN(from) || spent()) : done;
      },
    }),
  };
}
