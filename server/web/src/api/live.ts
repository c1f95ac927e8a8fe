import type { QueryClient } from '@tanstack/react-query';
import { applyEvents } from './apply-events.ts';
import { createSignal } from './signal.ts';
import { readEvents } from './sse.ts';
import { dropToken } from './token.ts';
import type { FleetEvent } from './types.ts';

export type LiveState = 'connecting' | 'live' | 'interrupted';
export const liveState = createSignal<LiveState>('connecting');

const coalesceMs = 400;
const backoffBaseMs = 500;
const backoffCapMs = 30_000;
/** The server sends a comment at least every 15 s; three missed ones mean that the connection is dead without saying so. */
const silenceMaxMs = 50_000;

interface Session {
  readonly token: string;
  readonly client: QueryClient;
  readonly signal: AbortSignal;
  lastEventId: string;
  attempts: number;
  failures: number;
}

/** Follows the fleet's events for as long as the tab is logged in, and keeps the shown data current. Returns the stop. */
export function followFleet(token: string, client: QueryClient): () => void {
  const stopped = new AbortController();
  void follow({ token, client, signal: stopped.signal, lastEventId: '', attempts: 0, failures: 0 });
  return () => {
    stopped.abort();
    liveState.set('connecting');
  };
}

async function follow(session: Session): Promise<void> {
  while (!session.signal.aborted) {
    liveState.set(session.failures === 0 ? 'connecting' : 'interrupted');
    session.attempts += 1;
    try {
      await readStream(session);
    } catch {
      // What happened is visible: the header says that the page is not live, and it is tried again.
    }
    if (session.signal.aborted) return;
    liveState.set('interrupted');
    session.failures += 1;
    // Full jitter: after a restart of the server its consoles do not come back all at once.
    await pause(Math.random() * Math.min(backoffCapMs, backoffBaseMs * 2 ** session.failures), session.signal);
  }
}

async function readStream(session: Session): Promise<void> {
  const dead = new AbortController();
  const watchdog = createWatchdog(() => dead.abort());
  try {
    const headers: Record<string, string> = { accept: 'text/event-stream', authorization: `Bearer ${session.token}` };
    if (session.lastEventId !== '') headers['last-event-id'] = session.lastEventId;
    const response = await fetch('/api/v1/events', { headers, signal: AbortSignal.any([session.signal, dead.signal]) });
    if (response.status === 401) return dropToken('The server no longer accepts this token.');
    if (!response.ok || !response.body) throw new Error(`events: ${response.status}`);
    // Nothing is read before the first attempt, so only a later one may have missed something: all that is shown is read again.
    if (session.attempts > 1) void session.client.invalidateQueries();
    session.failures = 0;
    liveState.set('live');
    const coalescer = createCoalescer(session);
    for await (const message of readEvents(response.body, watchdog.heard)) {
      if (message.id !== '') session.lastEventId = message.id;
      // The server no longer knows all that came since: what is shown is read again instead.
      if (message.event === 'reset') void session.client.invalidateQueries();
      else coalescer.add(JSON.parse(message.data) as FleetEvent);
    }
  } finally {
    watchdog.stop();
  }
}

/** Gathers events for a moment and applies them together; while one lot is being applied the next one gathers. */
function createCoalescer({ client, signal }: Session) {
  let waiting: FleetEvent[] = [];
  let running = false;
  const run = async () => {
    running = true;
    while (waiting.length > 0 && !signal.aborted) {
      await pause(coalesceMs, signal);
      const lot = waiting;
      waiting = [];
      await applyEvents(client, lot);
    }
    running = false;
  };
  return {
    add(event: FleetEvent) {
      waiting.push(event);
      if (!running) void run();
    },
  };
}

function createWatchdog(onSilence: () => void) {
  let timer = window.setTimeout(onSilence, silenceMaxMs);
  return {
    heard: () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(onSilence, silenceMaxMs);
    },
    stop: () => window.clearTimeout(timer),
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = window.setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        window.clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
