import type { Clock } from '../../shared/clock.ts';
import type { ConnectionState } from './connection.ts';

/** What a flush looks at: reports not acked yet, and who is there to ack them. */
interface FlushView {
  readonly spooled: number;
  readonly connection: ConnectionState;
}

/** A server that acks takes milliseconds for a report; what it has not acked by then is on disk, and the next start sends it. */
const flushMsMax = 5_000;
const lookEveryMs = 20;

/**
 * Lets an agent that ends deliver what is spooled: until all of it is acked, or nobody is there to ack it, or the bound. Gives
 * how many reports are left.
 */
export async function flush(view: () => FlushView, clock: Clock, msMax = flushMsMax): Promise<number> {
  const until = clock.monotonic() + msMax;
  for (;;) {
    const { spooled, connection } = view();
    const isHopeless = connection === 'waiting' || connection === 'refused';
    if (spooled === 0 || isHopeless || clock.monotonic() >= until) return spooled;
    await clock.sleep(lookEveryMs);
  }
}
