import { WebSocket } from 'ws';
import type { Clock } from '../../shared/clock.ts';
import { frameBytesMax, subprotocol } from '../../shared/protocol.ts';
import { connectFailure } from './connect-failure.ts';
import type { Mailbox } from './mailbox.ts';
import type { ServerTrust } from './server-trust.ts';

/** What a socket's callbacks note for the session's loop. */
export type SocketNote =
  | { readonly kind: 'frame'; readonly text: string }
  | { readonly kind: 'binary' | 'pong' | 'wake' | 'abort' }
  | { readonly kind: 'error'; readonly sentence: string }
  | { readonly kind: 'busy'; readonly retryAfterMs: number }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string };

/** Frames of the server waiting to be read; a server that sends faster than its acks are stored is cut off. */
export const notesMax = 1_024;

export interface SocketOptions {
  readonly url: string;
  readonly handshakeMsMax: number;
  readonly mailbox: Mailbox<SocketNote>;
  /** Of a wss URL. */
  readonly trust: () => ServerTrust;
}

/** Errors: those of `trust`. */
export function openSocket({ url, handshakeMsMax, mailbox, trust }: SocketOptions): WebSocket {
  const trusted = url.startsWith('wss:') ? trust() : undefined;
  const socket = new WebSocket(url, subprotocol, {
    // Said, because a variable of the environment may say otherwise where nothing is.
    ...(trusted && { secureContext: trusted.context, rejectUnauthorized: true }),
    perMessageDeflate: false,
    maxPayload: frameBytesMax,
    handshakeTimeout: handshakeMsMax,
    followRedirects: false,
  });
  const put = (note: SocketNote) => {
    if (!mailbox.put(note)) socket.terminate();
  };
  let error: string | undefined;
  socket.on('message', (data, isBinary) => put(isBinary ? { kind: 'binary' } : { kind: 'frame', text: String(data) }));
  socket.on('pong', () => put({ kind: 'pong' }));
  const fail = (cause: Error) => {
    error ??= connectFailure(cause, url, trusted?.said ?? '');
  };
  // Who listens to this has to end the attempt, and to say what `ws` would have said.
  socket.on('unexpected-response', (_request, { statusCode, headers }) => {
    const retryAfterMs = statusCode === 503 ? parseRetryAfter(headers['retry-after']) : undefined;
    if (retryAfterMs !== undefined) put({ kind: 'busy', retryAfterMs });
    fail(new Error(`Unexpected server response: ${statusCode}`));
    socket.terminate();
  });
  // An error is always followed by a close, which is the one that counts.
  socket.on('error', fail);
  socket.on('close', (code, reason) =>
    put(error === undefined ? { kind: 'close', code, reason: String(reason) } : { kind: 'error', sentence: error }),
  );
  return socket;
}

/** In milliseconds. Servers of ours say whole seconds; a date is taken for no hint at all. */
function parseRetryAfter(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) * 1_000 : undefined;
}

/** A closing handshake, but not for long: a dead peer would hold the socket for ws's thirty seconds. */
export function closeSoon(socket: WebSocket, clock: Clock): void {
  if (socket.readyState === WebSocket.CLOSED) return;
  // An open handshake has nobody to say goodbye to.
  if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
  else socket.close(1000);
  const closed = new AbortController();
  socket.once('close', () => closed.abort());
  clock.sleep(closeMsMax, closed.signal).then(
    () => socket.terminate(),
    () => undefined,
  );
}

const closeMsMax = 500;
