import type { ServerResponse } from 'node:http';
import type { FleetEvent } from '../../shared/api.ts';
import type { Clock } from '../../shared/clock.ts';
import type { EventFeed } from '../fleet/event-feed.ts';
import type { Db } from '../store/database.ts';
import { latestEventId, readEvents } from '../store/event-store.ts';

/** Answered with a refusal beyond. */
const streamsMax = 256;
/** A reader that comes back from further behind gets a `reset` and only the newest so many. */
const backlogEventsMax = 5_000;
/** A reader that leaves so much unread is closed: it comes back with its Last-Event-ID when it can. */
const unsentBytesMax = 1_048_576;
const batchEvents = 200;
const heartbeatMs = 15_000;

export interface EventStreams {
  hasRoom(): boolean;
  /** Sends what comes after `afterId` until the reader goes, falls behind, or the server stops. */
  follow(response: ServerResponse, afterId: number): void;
  close(): void;
}

/** The feed only wakes; each reader has its own place in the event table and reads on from there. */
export function createEventStreams(options: {
  readonly db: Db;
  readonly feed: EventFeed;
  readonly clock: Clock;
}): EventStreams {
  const open = new Set<ServerResponse>();
  return {
    hasRoom: () => open.size < streamsMax,
    follow(response, afterId) {
      open.add(response);
      let wakes = 1;
      let sending = false;
      let caughtUp = false;
      const sendAll = async () => {
        if (sending) return;
        sending = true;
        try {
          while (wakes > 0 && open.has(response)) {
            wakes = 0;
            sent = await sendAfter(options.db, response, sent);
          }
          if (!caughtUp) write(response, ': caught up\n\n');
          caughtUp = true;
        } catch {
          response.destroy();
        } finally {
          sending = false;
        }
      };
      let sent = afterId;
      const stopListening = options.feed.onWake(() => {
        wakes += 1;
        void sendAll();
      });
      const gone = new AbortController();
      void beat(options.clock, response, gone.signal);
      response.on('error', () => response.destroy());
      response.on('close', () => {
        open.delete(response);
        stopListening();
        gone.abort();
      });
      write(response, 'retry: 2000\n\n');
      void sendAll();
    },
    close() {
      for (const response of open) response.end();
    },
  };
}

/** Sends everything now known after `sent`, and says how far it came. */
async function sendAfter(db: Db, response: ServerResponse, sent: number): Promise<number> {
  const latest = await latestEventId(db);
  let at = sent;
  // Ids beyond the latest are of another database: begin again with this one's.
  if (at > latest || at < latest - backlogEventsMax) {
    const from = Math.max(0, latest - backlogEventsMax);
    write(response, `event: reset\ndata: ${JSON.stringify({ from })}\n\n`);
    at = sent > latest ? latest : from;
  }
  for (;;) {
    const events = await readEvents(db, { afterId: at, limit: batchEvents });
    for (const event of events) write(response, frameOf(event));
    at = events.at(-1)?.id ?? at;
    if (events.length < batchEvents || response.destroyed) return at;
  }
}

/** Keeps proxies from closing a quiet stream, and finds readers that are gone. */
async function beat(clock: Clock, response: ServerResponse, gone: AbortSignal): Promise<void> {
  while (!gone.aborted) {
    write(response, ': still here\n\n');
    await clock.sleep(heartbeatMs, gone).catch(() => undefined);
  }
}

/** JSON has no raw line breaks, so one data line holds it whatever the names in it are. */
function frameOf(event: FleetEvent): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function write(response: ServerResponse, text: string): void {
  if (response.destroyed || response.writableEnded) return;
  response.write(text);
  if (response.writableLength > unsentBytesMax) response.destroy();
}
