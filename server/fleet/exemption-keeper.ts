import type { Clock } from '../../shared/clock.ts';
import { sentenceOf } from '../../shared/errors.ts';
import type { Db } from '../store/database.ts';
import type { EventFeed } from './event-feed.ts';
import { settleExemptions } from './exemptions.ts';
import type { Log } from './log.ts';

/** So much later at most, what an exemption no longer covers taints and drifts again. */
const roundEveryMs = 10_000;

export interface ExemptionKeeper {
  start(): void;
  stop(): Promise<void>;
}

/** Looks at the hour: nothing waits for an expiry itself, so that no restart and no clock that is set lets one pass unseen. */
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

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      try {
        if (await settleExemptions(db, clock.now())) feed.wake();
      } catch (error) {
        if (!signal.aborted) log.error({ error: sentenceOf(error) }, 'exemptions could not be settled');
      }
      await clock.sleep(roundEveryMs, signal).catch(() => {});
    }
  }
}
