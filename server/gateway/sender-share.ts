import type { Transactions } from '../store/group-commit.ts';
import { takeTokens } from './token-bucket.ts';

export interface SenderLimits {
  /** What one sender may send in the long run, and at once; beyond it is read more slowly. */
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
  /** The same of the time that its reports take: what is open of one instance makes them dear, not only what they hold. */
  readonly workMsPerSecond: number;
  readonly burstWorkMs: number;
}

/** What one sender may ask of this process: who asks for more waits, and nobody else does. */
export interface SenderShare {
  /** Milliseconds to wait before a frame of so many bytes is looked at. */
  take(frameBytes: number): number;
  /** Notes milliseconds that it has taken: to read a frame, or to apply a report. */
  spent(workMs: number): void;
}

/** No frame is cheaper than this, so that many small ones have a limit too. */
const frameBytesMin = 1_024;

/** One share of each instance, however often it comes back: else a new connection would be a new burst. */
export interface SenderShares {
  of(instanceId: string): SenderShare;
}

/** Remembered; beyond, the one that has not come back for the longest begins anew. */
const sharesMax = 20_000;

export function createSenderShares(limits: SenderLimits, monotonic: () => number): SenderShares {
  const shares = new Map<string, SenderShare>();
  return {
    of(instanceId) {
      const share = shares.get(instanceId) ?? createSenderShare(limits, monotonic);
      shares.delete(instanceId);
      shares.set(instanceId, share);
      const oldest = shares.keys().next().value;
      if (shares.size > sharesMax && oldest !== undefined) shares.delete(oldest);
      return share;
    },
  };
}

export function createSenderShare(limits: SenderLimits, monotonic: () => number): SenderShare {
  const ofBytes = { perSecond: limits.bytesPerSecond, burst: limits.burstBytes };
  const ofWork = { perSecond: limits.workMsPerSecond, burst: limits.burstWorkMs };
  let bytes = { tokens: limits.burstBytes, at: monotonic() };
  let work = { tokens: limits.burstWorkMs, at: monotonic() };
  return {
    take(frameBytes) {
      const now = monotonic();
      const taken = takeTokens(bytes, Math.max(frameBytes, frameBytesMin), ofBytes, now);
      bytes = taken.bucket;
      return Math.max(taken.waitMs, takeTokens(work, 0, ofWork, now).waitMs);
    },
    spent(workMs) {
      work = takeTokens(work, workMs, ofWork, monotonic()).bucket;
    },
  };
}

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
