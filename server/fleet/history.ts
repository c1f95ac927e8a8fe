import { type Clock, timestamp } from '../../shared/clock.ts';
import type { Db } from '../store/database.ts';
import { pruneHistory } from '../store/history-store.ts';
import { pruneTokens } from '../store/token-store.ts';
import type { Log } from './log.ts';

/** How long it is kept what an instance once had: a year, and time to look at it. Proofs and replacements stay. */
export const historyMsMax = 400 * 86_400_000;

const roundEveryMs = 3_600_000;
/** By so much, whoever did it has set the clock. */
const setMsMin = 86_400_000;
/** Between two batches, so that agents and people are served meanwhile. */
const pauseMs = 50;

export interface HistoryKeeper {
  start(): void;
  stop(): Promise<void>;
}

/**
 * Forgets what ended longer ago than `historyMsMax`, in short batches, once an hour. What is forgotten is gone, and a clock that is
 * ten years ahead would make it everything: it is believed only once it has gone on for an hour, from the start of the server too.
 */
export function createHistoryKeeper({
  db,
  clock,
  log,
}: {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
}): HistoryKeeper {
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
    for (;;) {
      const before = aheadMs();
      await pause(roundEveryMs);
      if (signal.aborted) return;
      const setMs = aheadMs() - before;
      if (Math.abs(setMs) >= setMsMin) log.error({ setMs }, 'the clock was set: what is long over is kept for now');
      else
        await round().catch((error: unknown) => log.error({ err: error }, 'what is long over could not be forgotten'));
    }
  }

  function aheadMs(): number {
    return clock.now() - clock.monotonic();
  }

  async function round(): Promise<void> {
    const before = timestamp(clock.now() - historyMsMax);
    await pruneTokens(db, before);
    for (let afterId: string | undefined = ''; afterId !== undefined && !signal.aborted; await pause(pauseMs)) {
      afterId = await pruneHistory(db, { afterId, before });
    }
  }

  async function pause(ms: number): Promise<void> {
    await clock.sleep(ms, signal).catch(() => {});
  }
}
