import { join } from 'node:path';
import { pino } from 'pino';
import { createEventFeed } from '../../server/fleet/event-feed.ts';
import { createRulesBoard } from '../../server/fleet/rules-board.ts';
import { createHttp } from '../../server/http/app.ts';
import type { Services } from '../../server/http/services.ts';
import { openDatabase } from '../../server/store/database.ts';
import { openEntriesStore } from '../../server/store/entries-store.ts';
import { CodedError } from '../../shared/errors.ts';
import { aDirectory } from './directory.ts';
import { createFakeClock } from './fake-clock.ts';

export const aToken = 'pat_of-the-tests-0123456789';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back
  readonly body: any;
}

/** The real HTTP server over a real database on a free port; only clock, agents and controller are stand-ins. */
export async function anHttpServer(
  overrides: Partial<Services> = {},
  consoleDirectory = '/nonexistent',
  headMs = 10_000,
) {
  const services: Services = {
    db: await openDatabase({ file: ':memory:' }),
    feed: createEventFeed(),
    clock: createFakeClock(),
    adminToken: aToken,
    proofKey: 'PEM of the proof key',
    evidenceTtlMs: 3 * 3_600_000,
    gateway: {
      ...{ heardAt: () => undefined, awakeAt: () => 0, isOnline: () => false },
      ...{ requestScan: () => false, requestKey: () => false },
    },
    board: createRulesBoard(),
    look: async (id) => {
      throw new CodedError('CONFLICT', `nobody looks at ${id}`);
    },
    entries: openEntriesStore(join(aDirectory(), 'entries')),
    orphans: async () => ({ computedAt: '2026-01-01T00:00:00.000Z', items: [], unasked: [] }),
    abort: async () => {},
    retry: async () => {},
    testWebhook: undefined,
    isReady: () => true,
    leads: () => true,
    lint: async () => [],
    plan: async () => ({ computedAt: '2026-01-01T00:00:00.000Z', commands: [], blocked: [] }),
    simulate: async () => {
      throw new CodedError('CONFLICT', 'nobody simulates');
    },
    why: async () => ({ computedAt: '2026-01-01T00:00:00.000Z', policies: [] }),
    launch: async (_group, { count, key }) => ({
      providerIds: Array.from({ length: count }, (_, index) => `${key}-${index}`),
    }),
    ...overrides,
  };
  const http = await createHttp(services, pino({ level: 'silent' }), { consoleDirectory, headMs });
  const url = await http.listen({ port: 0, host: '127.0.0.1' });

  const send = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const headers = { authorization: `Bearer ${aToken}`, ...init.headers };
    const response = await fetch(url + path, { ...init, headers });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };
  return {
    ...{ http, url, services, send },
    db: services.db,
    get: (path: string) => send(`/api/v1/${path}`),
    post: (path: string, body: unknown) =>
      send(`/api/v1/${path}`, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    close: async () => {
      await http.close();
      await services.db.destroy();
    },
  };
}
export type HttpServer = Awaited<ReturnType<typeof anHttpServer>>;
