import { createHash } from 'node:crypto';
import { WebSocket, WebSocketServer } from 'ws';
import { frameBytesMax, subprotocol } from '../../shared/protocol.ts';

/** One report as an agent sent it, or one ack as it was handed to an agent. */
export interface Recorded {
  /** sha256 of the public key PEM of the connection's hello. */
  readonly agent: string;
  readonly boot: number;
  readonly seq: number;
}
export interface RecordedReport extends Recorded {
  readonly full: boolean;
  readonly changes: number;
}

/** Stands between agents and server and writes down what passes, so that "acked" is what an agent was really told. */
export interface RecordingProxy {
  readonly url: string;
  readonly acks: readonly Recorded[];
  readonly reports: readonly RecordedReport[];
  close(): Promise<void>;
}

export async function startRecordingProxy(upstream: string): Promise<RecordingProxy> {
  const acks: Recorded[] = [];
  const reports: RecordedReport[] = [];
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: false,
    maxPayload: frameBytesMax,
  });
  await new Promise((resolve) => server.once('listening', resolve));
  server.on('connection', (downstream, request) => {
    const up = new WebSocket(`${upstream}${request.url}`, subprotocol, { perMessageDeflate: false });
    const waiting: string[] = [];
    let agent = '';
    downstream.on('message', (data) => {
      const text = data.toString();
      const message = JSON.parse(text);
      if (message.type === 'hello') agent = agentOf(message.publicKey);
      if (message.type === 'report') {
        reports.push({
          agent,
          boot: message.boot,
          seq: message.seq,
          full: message.full,
          changes: message.opened.length + message.cleared.length,
        });
      }
      if (up.readyState === WebSocket.OPEN) up.send(text);
      else waiting.push(text);
    });
    up.on('open', () => {
      for (const text of waiting.splice(0)) up.send(text);
    });
    up.on('message', (data) => {
      const text = data.toString();
      const message = JSON.parse(text);
      if (message.type === 'ack') acks.push({ agent, boot: message.boot, seq: message.seq });
      if (downstream.readyState === WebSocket.OPEN) downstream.send(text);
    });
    up.on('error', () => downstream.terminate());
    downstream.on('error', () => up.terminate());
    up.on('close', () => downstream.terminate());
    downstream.on('close', () => up.terminate());
  });
  const { port } = server.address() as { port: number };
  return {
    url: `ws://127.0.0.1:${port}`,
    acks,
    reports,
    close: () =>
      new Promise((resolve) => {
        for (const client of server.clients) client.terminate();
        server.close(() => resolve());
      }),
  };
}

export function agentOf(publicKey: string): string {
  return createHash('sha256').update(publicKey).digest('hex');
}
