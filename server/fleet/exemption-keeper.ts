import type { Clock } from '../../shared/clock.ts';
import { sentenceOf } from '../../shared/errors.ts';
import type { Db } from '../store/database.ts';
import { nextEnd } from '../store/exemption-store.ts';
import type { EventFeed } from './event-feed.ts';
import { settleExemptions } from './exemptions.ts';
import type { Log } from './log.ts';

/** Looked at anew so often; where an exemption is over sooner, then. A clock that is set delays it by no more. */
const roundEveryMs = 10_000;

export interface ExemptionKeeper {
  start(): void;
  stop(): Promise<void>;
}

/** Looks at the hour: nothing but this round waits for an expiry, so that no restart and no clock that is set lets one pass unseen. */
export function createExemptionKeeper({
  db,
  feed,
  clock,
  log,
}: {
  readonly db: Db;
  readonly feed: EventFeed;
  readonly clock: Clock;
  readonly log: Pick<Log, 'error'>;
}): ExemptionKeeper {
  const stopping = new AbortController();
  const { signal } = stopping;
  let running: Promise<void> = Promise.resolve();
  return {
    start() {
      running = loop();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };

  async function nextEndMs(): Promise<number> {
    const now = clock.now();
    return (await nextEnd(db, now)) - now;
  }

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      try {
        if (await settleExemptions(db, clock.now())) feed.wake();
      } catch (error) {
        if (!signal.aborted) log.error({ error: sentenceOf(error) }, 'exemptions could not be settled');
      }
      const left = await nextEndMs().catch(() => roundEveryMs);
      await clock.sleep(Math.min(roundEveryMs, left), signal).catch(() => {});
    }
  }
}
