import type { WebSocket } from 'ws';
import { CloseCode } from '../../shared/protocol.ts';
import { Refusal } from './refusal.ts';

export interface Inbox {
  /** The next frame in order; undefined once the socket is closed. Errors: Refusal for a binary frame. */
  next(): Promise<string | undefined>;
  /** Forgets what waits: `next` says undefined from now on. */
  end(): void;
}

/**
 * The frames of a socket, for a reader that takes one at a time. When `framesMax` wait, the socket is not read until
 * half of them are taken: the sender's own kernel holds the rest. A chunk that was already read (64 KiB) may still
 * come in after that.
 */
export function createInbox(socket: WebSocket, framesMax: number): Inbox {
  const waiting: Array<{ readonly data: Buffer; readonly isBinary: boolean }> = [];
  let ended = false;
  let wake = () => {};

  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (ended) return;
    waiting.push({ data, isBinary });
    if (waiting.length >= framesMax) socket.pause();
    wake();
  });
  socket.on('close', () => {
    ended = true;
    wake();
  });

  return {
    async next() {
      while (waiting.length === 0 && !ended) await new Promise<void>((resolve) => (wake = resolve));
      const frame = waiting.shift();
      if (socket.isPaused && waiting.length <= framesMax / 2) socket.resume();
      if (frame === undefined) return undefined;
      if (frame.isBinary) throw new Refusal(CloseCode.binary, 'expected a text frame');
      return frame.data.toString('utf8');
    },
    end() {
      ended = true;
      waiting.length = 0;
      // A paused socket would not even see that the other end has gone.
      if (socket.isPaused) socket.resume();
      wake();
    },
  };
}
