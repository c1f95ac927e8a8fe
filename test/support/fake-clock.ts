import type { Clock } from '../../shared/clock.ts';

export interface FakeClock extends Clock {
  /** Moves wall and monotonic time together and wakes, in order, those whose sleep is over. */
  advance(ms: number): void;
  /** Moves wall time alone, as whoever sets the clock does. */
  jump(ms: number): void;
}

export function createFakeClock(startMs = Date.parse('2026-01-01T00:00:00.000Z')): FakeClock {
  let elapsed = 0;
  let jumped = 0;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    now: () => startMs + jumped + elapsed,
    monotonic: () => elapsed,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const abort = () => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        const sleeper = {
          at: elapsed + ms,
          wake: () => {
            signal?.removeEventListener('abort', abort);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', abort, { once: true });
      }),
    jump(ms) {
      jumped += ms;
    },
    advance(ms) {
      elapsed += ms;
      const due = [...sleepers].filter(({ at }) => at <= elapsed);
      for (const sleeper of due.sort((a, b) => a.at - b.at)) {
        sleepers.delete(sleeper);
        sleeper.wake();
      }
    },
  };
}
