import { holdSentence } from '../fleet/hold.ts';
import type { Replacement } from '../store/replacement-store.ts';
import type { Step } from './replacement.ts';
import { isPastReturn, type World } from './world.ts';

/**
 * What a hold makes of a replacement that is under way; undefined where none stands in its way. Pure.
 *
 * Where an instance or a group is held, it is rolled back: the old machine goes back to service, where whoever holds it
 * wants it, and only what is new and not yet counted on goes. Waiting would leave it drained for up to 90 days, its budget
 * taken and its measure growing old. Past the point of no return the old machine is given up, and all that is left to
 * do is the proof of the new one: that goes on.
 *
 * Where everything is stopped, it waits as it is, whatever it is at: whoever stops everything may not trust us any more,
 * and a rollback ends machines too. So it is where the new instance is held: rolling back would end what somebody keeps.
 */
export function stepWhileHeld(replacement: Replacement, { holds, new: made }: World): Step | undefined {
  const [hold] = holds;
  if (hold === undefined) return undefined;
  const isStopped = hold.scope === 'all' || holds.some(({ target }) => made !== null && target === made.id);
  const detail = holdSentence(hold);
  const set = { error: detail, deadlineAt: null };
  switch (replacement.state) {
    case 'reserved':
      // Nothing has been done yet: there is nothing to wait for.
      return { do: 'move', move: { to: 'failed', detail, set }, effects: { release: true } };
    case 'launching':
    case 'verifying':
    case 'draining':
      if (isStopped) return { do: 'wait' };
      // Where the old machine had to go first there is nothing to go back to.
      if (isPastReturn(replacement)) return undefined;
      return { do: 'move', move: { to: 'rolling_back', detail, set }, effects: {} };
    default:
      return isStopped ? { do: 'wait' } : undefined;
  }
}
