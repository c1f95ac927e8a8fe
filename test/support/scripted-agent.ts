import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { WebSocket } from 'ws';
import type { z } from 'zod';
import {
  type AgentMessage,
  type Hello,
  helloBytes,
  parseServerMessage,
  type ReportMessage,
  type ServerMessage,
  subprotocol,
  type Welcome,
} from '../../shared/protocol.ts';
import { anImageDigest } from './builders.ts';

/** What came over a line next: a message, or its end. */
export type Arrival = ServerMessage | { readonly type: 'closed'; readonly code: number; readonly reason: string };

/** A bare WebSocket that the test reads one arrival at a time. */
export interface Line {
  readonly socket: WebSocket;
  next(): Promise<Arrival>;
  send(message: AgentMessage): void;
  sendRaw(frame: string | Buffer): void;
  close(): Promise<void>;
}

export function openLine(url: string, protocols: string[] = [subprotocol]): Line {
  const socket = new WebSocket(url, protocols, { perMessageDeflate: false });
  const arrived: Arrival[] = [];
  const waiting: Array<(arrival: Arrival) => void> = [];
  let end: Arrival | undefined;
  const arrive = (arrival: Arrival) => {
    const reader = waiting.shift();
    if (reader) reader(arrival);
    else arrived.push(arrival);
  };
  socket.on('message', (data) => arrive(parseServerMessage(data.toString())));
  socket.on('error', () => {});
  socket.on('close', (code, reason) => {
    end = { type: 'closed', code, reason: reason.toString() };
    arrive(end);
    for (const reader of waiting.splice(0)) reader(end);
  });
  return {
    socket,
    next: () => {
      const first = arrived.shift() ?? end;
      return first ? Promise.resolve(first) : new Promise((resolve) => waiting.push(resolve));
    },
    send: (message) => socket.send(JSON.stringify(message)),
    sendRaw: (frame) => socket.send(frame),
    close: () =>
      new Promise((resolve) => {
        if (socket.readyState === WebSocket.CLOSED) return resolve();
        socket.once('close', () => resolve());
        socket.close();
      }),
  };
}

export interface AgentKey {
  readonly privateKey: KeyObject;
  readonly publicKey: string;
}

export function anAgentKey(): AgentKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

export type HelloMessage = z.infer<typeof Hello>;

/** A hello as a test wants it; `joinToken` is short for the enrolment by one. */
export type HelloOverrides = Partial<HelloMessage> & { readonly joinToken?: string };

export function aHello(key: AgentKey, nonce: string, overrides: HelloOverrides = {}): HelloMessage {
  const { joinToken, ...rest } = overrides;
  return {
    type: 'hello',
    publicKey: key.publicKey,
    signature: sign(null, helloBytes(nonce, key.publicKey), key.privateKey).toString('base64'),
    boot: 1,
    image: anImageDigest,
    rules: 1,
    agentVersion: '0.1.0',
    facts: { hostname: 'test' },
    ...(joinToken !== undefined && { enrolment: { by: 'token' as const, token: joinToken } }),
    ...rest,
  };
}

/** Opens a line and says hello as it should be; returns the line and what the server answered. */
export async function sayHello(
  url: string,
  key: AgentKey,
  overrides: HelloOverrides = {},
): Promise<{ readonly line: Line; readonly answer: Arrival }> {
  const line = openLine(url);
  const challenge = await line.next();
  if (challenge.type !== 'challenge') return { line, answer: challenge };
  line.send(aHello(key, challenge.nonce, overrides));
  return { line, answer: await line.next() };
}

/** Says hello, and throws whatever is answered that is no welcome. */
export async function connectAgent(
  url: string,
  key: AgentKey,
  overrides: HelloOverrides = {},
): Promise<{ readonly line: Line; readonly id: string; readonly acked: z.infer<typeof Welcome>['acked'] }> {
  const { line, answer } = await sayHello(url, key, overrides);
  if (answer.type !== 'welcome') throw new Error(`expected a welcome, got ${JSON.stringify(answer)}`);
  return { line, id: answer.instanceId, acked: answer.acked };
}

/** Sends a report and says what came back, passing over scan requests. */
export async function deliver(line: Line, report: ReportMessage): Promise<Arrival> {
  line.send(report);
  for (;;) {
    const arrival = await line.next();
    if (arrival.type !== 'scan') return arrival;
  }
}
