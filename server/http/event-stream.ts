import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../shared/clock.ts';
import type { FleetEvent } from '../../shared/event.ts';
import type { EventFeed } from '../fleet/event-feed.ts';
import type { Db } from '../store/database.ts';
import { latestEventId, readEvents } from '../store/event-store.ts';

/** Refused beyond. */
const streamsMax = 256;
/** A reader that comes back from further behind gets a `reset` and only the newest so many. */
const backlogEventsMax = 5_000;
const batchEvents = 100;
/** Nothing more is read for a reader that has not taken what it was sent; after so long it is closed, and may come back. */
export const untakenMsMax = 30_000;
const heartbeatMs = 15_000;

export interface EventStreams {
  hasRoom(): boolean;
  /** Sends what comes after `afterId` until the reader goes, does not read, or the server stops. */
  follow(response: ServerResponse, afterId: number): void;
  close(): void;
}

interface Source {
  readonly db: Db;
  readonly feed: EventFeed;
  readonly clock: Clock;
}

/** The feed only wakes; each reader has its own place in the event table and reads on from there. */
export function createEventStreams(source: Source): EventStreams {
  const open = new Set<ServerResponse>();
  return {
    hasRoom: () => open.size < streamsMax,
    follow(response, afterId) {
      open.add(response);
      void serve(source, response, afterId).finally(() => open.delete(response));
    },
    close() {
      for (const response of open) response.end();
    },
  };
}

async function serve({ db, feed, clock }: Source, response: ServerResponse, afterId: number): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  // Without a listener a reset connection would end the process; `close` follows it.
  response.on('error', () => undefined);
  let isNews = true;
  let wake = () => {};
  const stopListening = feed.onWake(() => {
    isNews = true;
    wake();
  });
  const beating = beat(clock, response, gone.signal);
  try {
    let sent = afterId;
    await send(clock, response, 'retry: 2000\n\n');
    for (let turn = 0; isOpen(response); turn += 1) {
      isNews = false;
      sent = await sendAfter(db, clock, response, sent);
      if (turn === 0) await send(clock, response, ': caught up\n\n');
      if (isNews || !isOpen(response)) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      gone.signal.addEventListener('abort', wake, { once: true });
      await promise;
      gone.signal.removeEventListener('abort', wake);
    }
  } catch {
    // The database has gone, or the reader has not read: either way it comes back with its Last-Event-ID.
    response.destroy();
  } finally {
    stopListening();
    gone.abort();
    await beating;
  }
}

/** Sends everything now known after `sent`, and says how far it came. */
async function sendAfter(db: Db, clock: Clock, response: ServerResponse, sent: number): Promise<number> {
  const latest = await latestEventId(db);
  let at = sent;
  // Ids beyond the latest are of another database: begin again with this one's.
  if (at > latest || at < latest - backlogEventsMax) {
    const from = Math.max(0, latest - backlogEventsMax);
    await send(clock, response, `event: reset\ndata: ${JSON.stringify({ from })}\n\n`);
    at = sent > latest ? latest : from;
  }
  for (;;) {
    const events = await readEvents(db, { afterId: at, limit: batchEvents });
    for (const event of events) await send(clock, response, frameOf(event));
    at = events.at(-1)?.id ?? at;
    if (events.length < batchEvents || !isOpen(response)) return at;
  }
}

/** Keeps proxies from closing a quiet stream, and finds readers that are gone. */
async function beat(clock: Clock, response: ServerResponse, gone: AbortSignal): Promise<void> {
  while (!gone.aborted) {
    if (isOpen(response) && !response.writableNeedDrain) response.write(': still here\n\n');
    await clock.sleep(heartbeatMs, gone).catch(() => undefined);
  }
}

/** JSON has no raw line breaks, so one data line holds it whatever the names in it are. */
function frameOf(event: FleetEvent): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Resolves when there is room for more. Throws when the reader takes nothing for too long. */
async function send(clock: Clock, response: ServerResponse, text: string): Promise<void> {
  if (!isOpen(response) || response.write(text)) return;
  const settled = new AbortController();
  const { signal } = settled;
  try {
    await Promise.race([
      once(response, 'drain', { signal }),
      once(response, 'close', { signal }),
      clock.sleep(untakenMsMax, signal).then(() => {
        throw new Error('the reader does not read');
      }),
    ]);
  } finally {
    settled.abort();
  }
}

function isOpen(response: ServerResponse): boolean {
  return !response.destroyed && !response.writableEnded;
}
