import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { createEventFeed, type EventFeed } from '../../server/fleet/event-feed.ts';
import { agentPath, createGateway, type Gateway } from '../../server/gateway/gateway.ts';
import type { GatewayLimits } from '../../server/gateway/limits.ts';
import type { EnrolmentWay } from '../../server/intake/enrolment/way.ts';
import type { Db } from '../../server/store/database.ts';
import { readEvents } from '../../server/store/event-store.ts';
import { createToken, type TokenRequest } from '../../server/store/token-store.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import type { FleetEvent } from '../../shared/event.ts';
import { anImageDigest } from './builders.ts';
import { aDatabase } from './database.ts';

export interface GatewayHouse {
  readonly url: string;
  readonly db: Db;
  readonly feed: EventFeed;
  readonly gateway: Gateway;
  /** The secret of a token for the group and image that builders use. */
  aToken(overrides?: Partial<TokenRequest>): Promise<string>;
  /** Of one type, oldest first; of the first 500 of all. */
  events(type: string): Promise<readonly FleetEvent[]>;
  /** What was logged, a JSON line each. */
  readonly logged: readonly string[];
  /** Stops as a server does; the database is closed too. */
  close(): Promise<void>;
}

/** A server that has a gateway and nothing else, on a real port and a real file. */
export async function aGatewayHouse(
  options: {
    readonly db?: Db;
    readonly clock?: Clock;
    readonly limits?: Partial<GatewayLimits>;
    readonly port?: number;
    readonly ways?: EnrolmentWay;
  } = {},
): Promise<GatewayHouse> {
  const db = options.db ?? (await aDatabase());
  const clock = options.clock ?? systemClock;
  const feed = createEventFeed();
  const logged: string[] = [];
  const log = pino({ level: 'info' }, { write: (line) => void logged.push(line) });
  const { limits = {}, ways } = options;
  const gateway = createGateway({ db, feed, clock, log, limits, ...(ways && { ways }) });
  const server = createServer()
    .on('upgrade', gateway.handleUpgrade)
    .listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}${agentPath}`,
    db,
    feed,
    gateway,
    logged,
    async aToken(overrides = {}) {
      const origin = { group: 'web', imageDigest: anImageDigest, labels: { env: 'test' } };
      const request = { ...origin, usesMax: 1, expiresInMs: 3_600_000, ...overrides };
      return (await createToken(db, request, clock.now())).token;
    },
    async events(type) {
      return (await readEvents(db, { afterId: 0, limit: 500 })).filter((event) => event.type === type);
    },
    async close() {
      server.close();
      await gateway.close();
      await db.destroy();
    },
  };
}
