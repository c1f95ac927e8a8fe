import type { Clock } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';

/** Errors: TIMEOUT, and those of the work, which goes on for nobody then. */
export async function within<T>(clock: Clock, ms: number, what: string, work: Promise<T>): Promise<T> {
  const settled = new AbortController();
  const timeout = clock.sleep(ms, settled.signal).then(
    () => {
      throw new CodedError('TIMEOUT', `${what} took longer than ${ms / 1_000} s`);
    },
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([work, timeout]);
  } finally {
    settled.abort();
  }
}
