/** The one source of time. Deciders get `now` as an argument; actors get a clock; tests own it. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. For stamps only: it may jump. */
  now(): number;
  /** Monotonic milliseconds. For durations. */
  monotonic(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    let left = ms;
    for (; left > timerMsMax; left -= timerMsMax) await sleepOnce(timerMsMax, signal);
    await sleepOnce(left, signal);
  },
};

/** A timer takes anything longer (25 days) for 1 ms. */
const timerMsMax = 2 ** 31 - 1;

function sleepOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** RFC 3339, UTC, milliseconds: the form of every time in every document of ours. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}

/** When something ended that began at `startedAt`: the wall clock may have been set back meanwhile. Both timestamps. */
export function notBefore(startedAt: string, finishedAt: string): string {
  return finishedAt < startedAt ? startedAt : finishedAt;
}
