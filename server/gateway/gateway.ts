import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../shared/clock.ts';
import type { DoubtKind } from '../../shared/doubt-text.ts';
import type { FleetEvent } from '../../shared/event.ts';
import { frameBytesMax, silentAfterMs, subprotocol } from '../../shared/protocol.ts';
import type { EventFeed } from '../fleet/event-feed.ts';
import type { Log } from '../fleet/log.ts';
import { createRulesBoard, type RulesBoard } from '../fleet/rules-board.ts';
import { createAttempts } from '../intake/enrolment/attempts.ts';
import { peerOf } from '../intake/enrolment/peer.ts';
import type { EnrolmentWay } from '../intake/enrolment/way.ts';
import { tokensOnly } from '../intake/enrolment/ways.ts';
import type { Db } from '../store/database.ts';
import { latestEventId, readEventsOf } from '../store/event-store.ts';
import { createGroupCommit } from '../store/group-commit.ts';
import { instancesOfName } from '../store/rules-store.ts';
import { createAdmission } from './admission.ts';
import { type Connection, type House, serveConnection } from './connection.ts';
import { type GatewayLimits, gatewayLimits } from './limits.ts';
import { boundControlFrames, boundUnproven } from './peer-bounds.ts';
import { createPlaces } from './places.ts';
import { createPresence } from './presence.ts';
import { Refusal, retiredRefusal, revokedRefusal } from './refusal.ts';
import { createRefusalLog } from './refusal-log.ts';
import { createSenderShares } from './sender-share.ts';
import { createTakeOvers } from './take-over.ts';

export const agentPath = '/agent/v1';
/** RFC 6455 §7.4.1: the server goes down. */
const goingAway = 1001;

/** Of one message; our agents send it whole, and who is between may cut it. To take a frame costs the same for one byte. */
export const fragmentsMax = 128;

const webSocketOptions = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: frameBytesMax,
  maxFragments: fragmentsMax,
  /** Milliseconds for the peer's half of a closing handshake; then the socket is destroyed. */
  closeTimeout: 5_000,
};

export interface Gateway {
  /** For the `upgrade` event of the HTTP server. Answers with an error what is not an agent. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Connected, and heard of late. */
  isOnline(instanceId: string): boolean;
  /** Since the start of this server, or its last absence, it has said which state it is in, and that is stored. */
  hasReported(instanceId: string): boolean;
  /** Milliseconds since the epoch; undefined for one not heard since this server started. */
  heardAt(instanceId: string): number | undefined;
  /** Since when it listens without a pause: silence is counted from then at the earliest. Milliseconds since the epoch. */
  awakeAt(): number;
  /** False when it is not connected. The report of the sweep names the request, where one is given. */
  requestScan(instanceId: string, request?: string): boolean;
  /** The same for another key. */
  requestKey(instanceId: string): boolean;
  /** Lets all agents go, finishes what is being stored, writes who was heard. The database must still be open. */
  close(): Promise<void>;
}

export interface GatewayOptions {
  readonly db: Db;
  readonly feed: EventFeed;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<GatewayLimits>;
  readonly board?: RulesBoard;
  /** How keys enrol that nobody knows yet; by join token, unless said. */
  readonly ways?: EnrolmentWay;
}

export function createGateway(options: GatewayOptions): Gateway {
  const { board = createRulesBoard(), ways = tokensOnly } = options;
  const { db, feed, clock, log } = options;
  const limits = { ...gatewayLimits, ...options.limits };
  const [commits, attempts] = [createGroupCommit(db, clock.monotonic), createAttempts(clock)];
  const refused = createRefusalLog(log, clock.monotonic);
  const shares = createSenderShares(limits, clock.monotonic);
  const house: House = { ...options, board, ways, attempts, commits, limits, refused, shares };
  const server = new WebSocketServer(webSocketOptions);
  const presence = createPresence(house);
  const admission = createAdmission(limits, clock.monotonic);
  const places = createPlaces(limits.handshakeMs, clock.monotonic);
  const takeOvers = createTakeOvers(house);
  const connections = new Set<Connection>();
  const unproven = new Set<Connection>();
  /** The one live connection of each identity. */
  const enrolled = new Map<string, Connection>();
  const stopping = new AbortController();
  const background = [noteStart(), keepPresence(), followEvents()];

  return {
    handleUpgrade(request, socket, head) {
      const peer = peerOf(request.socket.remoteAddress);
      const refusal = refuseUpgrade(request, peer);
      if (refusal) return answer(socket, refusal);
      server.handleUpgrade(request, socket, head, (webSocket) => accept(webSocket, socket, peer));
    },
    isOnline(instanceId) {
      return enrolled.has(instanceId) && presence.heardWithin(instanceId, silentAfterMs);
    },
    hasReported: presence.hasReported,
    heardAt: presence.heardAt,
    awakeAt: presence.awakeAt,
    requestScan(instanceId, request) {
      enrolled.get(instanceId)?.requestScan(request);
      return enrolled.has(instanceId);
    },
    requestKey(instanceId) {
      enrolled.get(instanceId)?.requestKey();
      return enrolled.has(instanceId);
    },
    async close() {
      stopping.abort();
      for (const connection of connections) connection.close(new Refusal(goingAway, 'the server stops'));
      await Promise.all([...background, ...[...connections].map(({ finished }) => finished)]);
      await takeOvers.settled();
      await presence.tick();
      await presence.flush();
    },
  };

  function refuseUpgrade(request: IncomingMessage, peer: string): UpgradeRefusal | undefined {
    const path = request.url?.split('?')[0];
    const offered = request.headers['sec-websocket-protocol']?.split(',').map((one) => one.trim());
    if (path !== agentPath) return { status: '404 Not Found' };
    if (!offered?.includes(subprotocol)) return { status: '400 Bad Request' };
    if (stopping.signal.aborted) return { status: '503 Service Unavailable' };
    if (places.countOf(peer) >= limits.handshakesOfOneMax)
      return { status: '503 Service Unavailable', retryAfterMs: limits.handshakeMs };
    const retryAfterMs = admission.refuse(unproven.size);
    return retryAfterMs === undefined ? undefined : { status: '503 Service Unavailable', retryAfterMs };
  }

  function accept(socket: WebSocket, stream: Duplex, peer: string): void {
    let instanceId: string | undefined;
    const givePlace = places.take(peer);
    const liftBound = boundUnproven(stream, limits);
    boundControlFrames(socket, limits, clock.monotonic);
    const connection = serveConnection(socket, peer, house, {
      onEnrolled(id) {
        instanceId = id;
        unproven.delete(connection);
        givePlace();
        liftBound();
        const older = enrolled.get(id);
        enrolled.set(id, connection);
        presence.heard(id);
        if (older) takeOvers.begin(id, older, connection);
      },
      onHeard: presence.heard,
      onReported: presence.reported,
    });
    connections.add(connection);
    unproven.add(connection);
    socket.on('close', () => {
      connections.delete(connection);
      unproven.delete(connection);
      if (instanceId !== undefined && enrolled.get(instanceId) === connection) enrolled.delete(instanceId);
    });
  }

  async function noteStart(): Promise<void> {
    await presence.flush().catch((error) => log.error({ err: error }, 'could not write that this server listens'));
  }

  async function keepPresence(): Promise<void> {
    while (await pause(limits.presenceEveryMs)) {
      await presence.tick().catch((error) => log.error({ err: error }, 'could not tell or write who was heard'));
    }
  }

  /** Whoever retires an instance or activates rules only writes it; here the agents learn it. */
  async function followEvents(): Promise<void> {
    // Without it all events are read once more, which changes nothing.
    let afterId = await latestEventId(db).catch(() => 0);
    let woken = Promise.withResolvers<void>();
    const stopListening = feed.onWake(() => woken.resolve());
    stopping.signal.addEventListener('abort', () => woken.resolve(), { once: true });
    while (!stopping.signal.aborted) {
      await woken.promise;
      woken = Promise.withResolvers<void>();
      afterId = await tellAgentsAfter(afterId).catch((error) => {
        log.error({ err: error }, 'could not read what agents must be told');
        return afterId;
      });
    }
    stopListening();
  }

  async function tellAgentsAfter(afterId: number): Promise<number> {
    const upToId = await latestEventId(db);
    for (const event of await readEventsOf(db, eventsForAgents, { afterId, upToId })) {
      const refusal = refusalAfter(event);
      if (refusal !== undefined) enrolled.get(event.instanceId ?? '')?.close(refusal);
      if (event.type === 'instance.rebased') enrolled.get(event.instanceId ?? '')?.requestScan();
      if (event.type === 'rules.pushed' || event.type === 'rules.activated') await offerRules(event.data['image']);
    }
    return upToId;
  }

  async function offerRules(image: unknown): Promise<void> {
    for (const instanceId of await instancesOfName(db, String(image))) enrolled.get(instanceId)?.offerRules();
  }

  /** False when the gateway closes instead. */
  async function pause(ms: number): Promise<boolean> {
    return clock.sleep(ms, stopping.signal).then(
      () => true,
      () => false,
    );
  }
}

const eventsForAgents = [
  ...(['instance.retired', 'instance.doubted', 'instance.rebased', 'rules.pushed', 'rules.activated'] as const),
];

/** What an event means for the agent of its instance. */
function refusalAfter({ type, data }: FleetEvent): Refusal | undefined {
  if (type === 'instance.retired') return retiredRefusal();
  if (type === 'instance.doubted' && data['kind'] === ('key-revoked' satisfies DoubtKind)) return revokedRefusal();
  return undefined;
}

interface UpgradeRefusal {
  readonly status: string;
  readonly retryAfterMs?: number;
}

function answer(socket: Duplex, { status, retryAfterMs }: UpgradeRefusal): void {
  // RFC 9110 §10.2.3: whole seconds.
  const retryAfter = retryAfterMs === undefined ? '' : `Retry-After: ${Math.ceil(retryAfterMs / 1_000)}\r\n`;
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\n${retryAfter}Connection: close\r\nContent-Length: 0\r\n\r\n`);
}
