import type { Clock } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';

/** How long a provider may take to answer; longer is a doubt, and after a doubt the caller lists and looks. */
export const callMsMax = 300_000;
/** Lists are asked for at each plan, so they must not hold it up. */
export const listMsMax = 10_000;

/** Errors: TIMEOUT, and the provider's. A call that times out may still have its effect later. */
export async function callProvider<T>(
  clock: Clock,
  name: string,
  call: () => Promise<T>,
  timeoutMs = callMsMax,
): Promise<T> {
  const settled = new AbortController();
  const timeout = clock.sleep(timeoutMs, settled.signal).then(
    () => {
      throw new CodedError('TIMEOUT', `the provider did not answer ${name} within ${timeoutMs / 1_000} s`);
    },
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([call(), timeout]);
  } finally {
    settled.abort();
  }
}
