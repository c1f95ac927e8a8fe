import type { Clock } from '../../shared/clock.ts';
import { clockStepMsMax } from '../fleet/absence.ts';

/** Less is how clocks are kept right. */
const setBackMsMin = 1_000;

/**
 * What rows say of times, to a server whose clock was set back since. A time to come can only have been written before that,
 * and nobody can say how long before: it counts as the moment at which the clock was set back, or this server began, and
 * grows older with the monotonic clock. So what waits since then waits its whole time once more, and not until the wall clock has
 * caught up.
 */
export function createHindsight(clock: Clock): (now: number) => (at: number) => number {
  let setBackAt = clock.monotonic();
  let ahead = clock.now() - setBackAt;
  return (now) => {
    const elapsed = clock.monotonic();
    if (ahead - (now - elapsed) >= setBackMsMin) setBackAt = elapsed;
    ahead = now - elapsed;
    const latest = now - (elapsed - setBackAt);
    return (at) => (at > now + clockStepMsMax ? latest : at);
  };
}
