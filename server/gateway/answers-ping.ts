import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { Clock } from '../../shared/clock.ts';

const payloadBytes = 16;

/**
 * Whether somebody is at the other end of a socket: it answers a ping with its payload (RFC 6455 §5.5.3) within `ms`. A socket
 * that is closed does not, nor one whose other end has gone without a word.
 */
export async function answersPing(socket: WebSocket, ms: number, clock: Clock): Promise<boolean> {
  if (socket.readyState !== socket.OPEN) return false;
  const payload = randomBytes(payloadBytes);
  const waiting = new AbortController();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onPong = (data: Buffer) => {
    if (payload.equals(data)) resolve(true);
  };
  const onClose = () => resolve(false);
  socket.on('pong', onPong);
  socket.once('close', onClose);
  socket.ping(payload);
  clock.sleep(ms, waiting.signal).then(onClose, () => undefined);
  try {
    return await promise;
  } finally {
    waiting.abort();
    socket.off('pong', onPong);
    socket.off('close', onClose);
  }
}
