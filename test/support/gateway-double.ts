import { randomBytes, verify } from 'node:crypto';
import { createServer, type ServerOptions } from 'node:https';

import { type WebSocket, WebSocketServer } from 'ws';
import type { z } from 'zod';
import { parsePublicKeys } from '../../shared/dsse.ts';
import {
  type AgentMessage,
  CloseCode,
  frameBytesMax,
  type Heartbeat,
  type Hello,
  helloBytes,
  parseAgentMessage,
  type ReportMessage,
  type RulesAnswer,
  subprotocol,
} from '../../shared/protocol.ts';

type Place = { readonly boot: number; readonly seq: number };

/** How the double misbehaves; set at any time. */
export interface GatewayFaults {
  /** Stores and says nothing. */
  dropAcks: boolean;
  /** Sends each ack twice. */
  doubleAcks: boolean;
  /** Welcomes as if nothing were stored. */
  forgetful: boolean;
  /** Says nothing at all any more, on connections that are there and on new ones, and answers no ping. */
  freeze: boolean;
  /** Answers the upgrade with 503, and this `Retry-After`. */
  busyFor: string | undefined;
  /** Reports that may be on their way, as its welcome says. */
  credits: number;
  /** Closes instead of welcoming. */
  refuseWith: number | undefined;
  /** Closes instead of storing a report. */
  refuseReportsWith: number | undefined;
  /** Sent in place of the challenge. */
  firstFrame: string | Buffer | undefined;
}

/** The server's end of the protocol over a real socket, without the house behind it: it keeps what it was told and checks the order. */
export interface GatewayDouble {
  readonly url: string;
  readonly faults: GatewayFaults;
  readonly hellos: readonly z.infer<typeof Hello>[];
  /** In the order of storing: each was acked, or was about to be. */
  readonly stored: readonly ReportMessage[];
  /** Acks that went out. */
  readonly acked: readonly Place[];
  /** Reports received once more after they were stored. */
  readonly duplicates: number;
  /** Upgrades that it was too busy for. */
  readonly refusedUpgrades: number;
  readonly heartbeats: readonly z.infer<typeof Heartbeat>[];
  readonly rulesAnswers: readonly RulesAnswer[];
  readonly problems: readonly string[];
  /** What a welcome says; normally the last stored place. */
  last: Place | null;
  /** To every live connection. */
  send(frame: string | Buffer): void;
  closeAll(code: number, reason?: string): void;
  readonly connections: number;
  /** Stops listening and drops everyone; what is stored stays. */
  stop(): Promise<void>;
  /** Listens again on the same port. */
  start(): Promise<void>;
}

/** `tls`: over TLS, with this certificate. */
export async function startGatewayDouble(tls?: ServerOptions): Promise<GatewayDouble> {
  const faults: GatewayFaults = {
    dropAcks: false,
    doubleAcks: false,
    forgetful: false,
    freeze: false,
    busyFor: undefined,
    credits: 8,
    refuseWith: undefined,
    refuseReportsWith: undefined,
    firstFrame: undefined,
  };
  const hellos: z.infer<typeof Hello>[] = [];
  const stored: ReportMessage[] = [];
  const acked: Place[] = [];
  const heartbeats: z.infer<typeof Heartbeat>[] = [];
  const rulesAnswers: RulesAnswer[] = [];
  const problems: string[] = [];
  let duplicates = 0;
  let refusedUpgrades = 0;
  let server: WebSocketServer;
  let listener: ReturnType<typeof createServer> | undefined;
  let port = 0;

  const double: GatewayDouble = {
    get url() {
      return `${tls ? 'wss' : 'ws'}://127.0.0.1:${port}`;
    },
    faults,
    hellos,
    stored,
    acked,
    get duplicates() {
      return duplicates;
    },
    get refusedUpgrades() {
      return refusedUpgrades;
    },
    heartbeats,
    rulesAnswers,
    problems,
    last: null,
    send: (frame) => {
      for (const socket of server.clients) socket.send(frame);
    },
    closeAll: (code, reason) => {
      for (const socket of server.clients) socket.close(code, reason);
    },
    get connections() {
      return server.clients.size;
    },
    stop: () =>
      new Promise((resolve) => {
        for (const socket of server.clients) socket.terminate();
        listener?.close();
        server.close(() => resolve());
      }),
    async start() {
      listener = tls && createServer(tls);
      server = new WebSocketServer({
        ...(listener ? { server: listener } : { host: '127.0.0.1', port }),
        path: '/agent/v1',
        perMessageDeflate: false,
        maxPayload: frameBytesMax,
        autoPong: false,
        verifyClient: (_info, answer) => {
          if (faults.busyFor === undefined) return answer(true);
          refusedUpgrades += 1;
          answer(false, 503, 'busy', { 'Retry-After': faults.busyFor });
        },
        handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
      });
      const listening = new Promise((resolve) => server.once('listening', resolve));
      listener?.listen(port, '127.0.0.1');
      await listening;
      port = (server.address() as { port: number }).port;
      server.on('connection', serve);
    },
  };
  await double.start();
  return double;

  function serve(socket: WebSocket): void {
    const nonce = randomBytes(32).toString('base64');
    let boot: number | undefined;
    const send = (message: object) => {
      if (!faults.freeze && socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
    };
    socket.on('error', () => undefined);
    socket.on('ping', () => {
      if (!faults.freeze) socket.pong();
    });
    socket.on('message', (data) => {
      if (faults.freeze) return;
      let message: AgentMessage;
      try {
        message = parseAgentMessage(String(data));
      } catch (error) {
        problems.push(String(error));
        socket.close(CloseCode.badMessage);
        return;
      }
      switch (message.type) {
        case 'hello':
          hellos.push(message);
          if (faults.refuseWith !== undefined) {
            socket.close(faults.refuseWith, 'refused by the test');
            return;
          }
          if (!isProven(message, nonce)) problems.push('a hello with a bad signature');
          boot = message.boot;
          send({
            type: 'welcome',
            instanceId: 'instance-1',
            acked: faults.forgetful ? null : double.last,
            credits: faults.credits,
          });
          return;
        case 'heartbeat':
          if (message.boot !== boot) problems.push(`a heartbeat of boot ${message.boot} in boot ${boot}`);
          heartbeats.push(message);
          return;
        case 'report':
          receive(socket, message, send);
          return;
        case 'rules-refused':
        case 'rules-previewed':
          rulesAnswers.push(message);
          return;
      }
    });
    if (faults.firstFrame !== undefined) socket.send(faults.firstFrame);
    else send({ type: 'challenge', nonce });
  }

  function receive(socket: WebSocket, report: ReportMessage, send: (message: object) => void): void {
    const { boot, seq } = report;
    if (faults.refuseReportsWith !== undefined) {
      socket.close(faults.refuseReportsWith, 'refused by the test');
      return;
    }
    const { last } = double;
    if (last !== null && (boot < last.boot || (boot === last.boot && seq <= last.seq))) duplicates += 1;
    else if ((last?.boot === boot && seq === last.seq + 1) || (report.full && report.part === 1)) {
      stored.push(report);
      double.last = { boot, seq };
    } else {
      problems.push(`out of order: ${boot}-${seq} after ${JSON.stringify(last)}`);
      socket.close(CloseCode.outOfOrder, JSON.stringify(last));
      return;
    }
    if (faults.dropAcks) return;
    if (!faults.freeze) acked.push({ boot, seq });
    send({ type: 'ack', boot, seq });
    if (faults.doubleAcks) send({ type: 'ack', boot, seq });
  }
}

function isProven(hello: z.infer<typeof Hello>, nonce: string): boolean {
  const [key] = parsePublicKeys(hello.publicKey);
  return verify(null, helloBytes(nonce, hello.publicKey), key!, Buffer.from(hello.signature, 'base64'));
}
