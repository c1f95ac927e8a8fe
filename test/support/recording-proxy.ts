import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../shared/clock.ts';
import type { Finding } from '../../shared/finding.ts';
import { frameBytesMax, subprotocol } from '../../shared/protocol.ts';

/** One report as an agent sent it, or one ack as it was handed to an agent. */
export interface Recorded {
  /** sha256 of the public key PEM of the connection's hello. */
  readonly agent: string;
  readonly boot: number;
  readonly seq: number;
}
export interface RecordedReport extends Recorded {
  /** Fingerprints. */
  readonly opened: readonly string[];
}

/** What becomes of the next frame that goes one way, whoever sends it. */
export interface FrameFault {
  readonly kind: 'drop' | 'duplicate' | 'reorder' | 'delay' | 'cut' | 'half-open';
  readonly toward: 'server' | 'agent';
  /** Of a delay. */
  readonly ms: number;
}

/**
 * Stands between agents and server and writes down what passes, so that "acked" is what an agent was really told; and spoils
 * frames as it is told to. A line that is half-open says nothing more either way, and neither end learns that the other hung up.
 */
export interface RecordingProxy {
  readonly url: string;
  readonly acks: readonly Recorded[];
  readonly reports: readonly RecordedReport[];
  /** How many faults have met a frame. */
  readonly spoilt: number;
  spoil(fault: FrameFault): void;
  close(): Promise<void>;
}

/** One end of a line. */
interface End {
  readonly socket: WebSocket;
  raw: Socket | undefined;
  /** Frames that the other end may not see before the next. */
  held: string | undefined;
}

export async function startRecordingProxy(upstream: string): Promise<RecordingProxy> {
  const acks: Recorded[] = [];
  const reports: RecordedReport[] = [];
  const faults: FrameFault[] = [];
  let spoilt = 0;
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: false,
    maxPayload: frameBytesMax,
    // Pings are the other end's to answer.
    autoPong: false,
  });
  await new Promise((resolve) => server.once('listening', resolve));
  server.on('connection', (downstream, request) => {
    const up = new WebSocket(`${upstream}${request.url}`, subprotocol, { perMessageDeflate: false, autoPong: false });
    const ends: Readonly<Record<FrameFault['toward'], End>> = {
      agent: { socket: downstream, raw: request.socket, held: undefined },
      server: { socket: up, raw: undefined, held: undefined },
    };
    const waiting: string[] = [];
    let agent = '';
    let isHalfOpen = false;

    const hand = (toward: FrameFault['toward'], text: string) => {
      const { socket } = ends[toward];
      if (isHalfOpen || socket.readyState !== WebSocket.OPEN) return;
      const message = JSON.parse(text);
      if (message.type === 'ack') acks.push({ agent, boot: message.boot, seq: message.seq });
      socket.send(text);
    };
    const handInTurn = (toward: FrameFault['toward'], text: string) => {
      hand(toward, text);
      const { held } = ends[toward];
      ends[toward].held = undefined;
      if (held !== undefined) hand(toward, held);
    };
    const pass = (toward: FrameFault['toward'], text: string) => {
      const at = faults.findIndex((fault) => fault.toward === toward);
      const [fault] = at < 0 ? [] : faults.splice(at, 1);
      if (fault !== undefined) spoilt += 1;
      switch (fault?.kind) {
        case undefined:
          return handInTurn(toward, text);
        case 'drop':
          return;
        case 'duplicate':
          handInTurn(toward, text);
          return hand(toward, text);
        case 'reorder':
          ends[toward].held = text;
          return;
        case 'delay':
          void systemClock.sleep(fault.ms).then(() => handInTurn(toward, text));
          return;
        case 'cut':
          ends[toward].raw?.write(halfAFrame(text, toward === 'server'));
          ends[toward].raw?.end();
          return ends[toward === 'server' ? 'agent' : 'server'].socket.terminate();
        case 'half-open':
          isHalfOpen = true;
          return;
      }
    };

    downstream.on('message', (data) => {
      const text = data.toString();
      const message = JSON.parse(text);
      if (message.type === 'hello') agent = agentOf(message.publicKey);
      if (message.type === 'report') {
        const opened = message.opened.map(({ fingerprint }: Finding) => fingerprint);
        reports.push({ agent, boot: message.boot, seq: message.seq, opened });
      }
      if (up.readyState === WebSocket.CONNECTING) waiting.push(text);
      else pass('server', text);
    });
    up.on('upgrade', ({ socket }) => {
      ends.server.raw = socket;
    });
    up.on('open', () => {
      for (const text of waiting.splice(0)) pass('server', text);
    });
    up.on('message', (data) => pass('agent', data.toString()));
    downstream.on('ping', (data) => !isHalfOpen && up.readyState === WebSocket.OPEN && up.ping(data));
    up.on('pong', (data) => !isHalfOpen && downstream.readyState === WebSocket.OPEN && downstream.pong(data));
    const hangUp = (other: WebSocket) => () => !isHalfOpen && other.terminate();
    up.on('error', hangUp(downstream));
    downstream.on('error', hangUp(up));
    up.on('close', hangUp(downstream));
    downstream.on('close', hangUp(up));
  });
  const { port } = server.address() as { port: number };
  return {
    url: `ws://127.0.0.1:${port}`,
    acks,
    reports,
    get spoilt() {
      return spoilt;
    },
    spoil: (fault) => faults.push(fault),
    close: () =>
      new Promise((resolve) => {
        for (const client of server.clients) client.terminate();
        server.close(() => resolve());
      }),
  };
}

/** The beginning of a text frame (RFC 6455 §5.2) as it is when a peer dies while it writes. */
function halfAFrame(text: string, isMasked: boolean): Buffer {
  const payload = Buffer.from(text);
  const mask = isMasked ? 0x80 : 0;
  const length =
    payload.length < 126
      ? Buffer.from([mask | payload.length])
      : payload.length < 65_536
        ? Buffer.from([mask | 126, payload.length >> 8, payload.length & 255])
        : Buffer.from([
            mask | 127,
            0,
            0,
            0,
            0,
            0,
            payload.length >> 16,
            (payload.length >> 8) & 255,
            payload.length & 255,
          ]);
  // A mask of zeros leaves the bytes as they are.
  const key = Buffer.alloc(isMasked ? 4 : 0);
  return Buffer.concat([Buffer.from([0x81]), length, key, payload.subarray(0, payload.length / 2)]);
}

export function agentOf(publicKey: string): string {
  return createHash('sha256').update(publicKey).digest('hex');
}
