import type { Log } from '../fleet/log.ts';
import { takeTokens } from './token-bucket.ts';

/** Lines in the long run, and at once. */
const share = { perSecond: 2, burst: 100 };

/** Says who was refused, and why. */
export type RefusalLog = (fields: Readonly<Record<string, unknown>>) => void;

/**
 * Anybody can come and be refused, hundreds of times a second: what is too much for a log is counted, and the count said with
 * the next line.
 */
export function createRefusalLog(log: Pick<Log, 'warn'>, monotonic: () => number): RefusalLog {
  let bucket = { tokens: share.burst, at: monotonic() };
  let unsaid = 0;
  return (fields) => {
    const { bucket: left, waitMs } = takeTokens(bucket, 1, share, monotonic());
    if (waitMs > 0) {
      unsaid += 1;
      return;
    }
    bucket = left;
    log.warn({ ...fields, ...(unsaid > 0 && { unsaid }) }, 'refused an agent');
    unsaid = 0;
  };
}
