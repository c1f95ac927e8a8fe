import type { Clock } from '../shared/clock.ts';

/** Less is a clock that is being set right. */
const sleptMsMin = 600_000;

/**
 * Whether the machine seems to have slept since the last time it was asked: the wall clock has gone on, and the monotonic one
 * has not. A wall clock that was set forward looks the same.
 */
export function createSlept(clock: Pick<Clock, 'now' | 'monotonic'>): () => boolean {
  const ahead = () => clock.now() - clock.monotonic();
  let before = ahead();
  return () => {
    const gainedMs = ahead() - before;
    before += gainedMs;
    return gainedMs >= sleptMsMin;
  };
}
