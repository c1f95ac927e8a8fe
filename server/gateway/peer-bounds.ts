import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { takeTokens } from './token-bucket.ts';

export interface PeerLimits {
  /** Of the upgrade's own socket, until its hello is good; then it is destroyed. A hello is all there is to say. */
  readonly unprovenBytesMax: number;
  /** Pings and pongs in the long run, and at once; then the connection is destroyed. Agents of ours send one in 15 s. */
  readonly controlFramesPerSecond: number;
  readonly burstControlFrames: number;
}

/**
 * Frames are kept before anybody knows who sends them: whoever sends more than a hello takes is cut off before it fills the
 * memory, as thousands could at the same time. Answers what lifts the bound.
 */
export function boundUnproven(socket: Duplex, { unprovenBytesMax }: PeerLimits): () => void {
  let bytes = 0;
  const count = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > unprovenBytesMax) socket.destroy();
  };
  socket.on('data', count);
  return () => socket.off('data', count);
}

/** They are no messages, so that no share of a sender slows them down: a stream of them would take the loop from all others. */
export function boundControlFrames(socket: WebSocket, limits: PeerLimits, monotonic: () => number): void {
  const share = { perSecond: limits.controlFramesPerSecond, burst: limits.burstControlFrames };
  let bucket = { tokens: share.burst, at: monotonic() };
  const count = () => {
    const { bucket: left, waitMs } = takeTokens(bucket, 1, share, monotonic());
    bucket = left;
    if (waitMs > 0) socket.terminate();
  };
  socket.on('ping', count);
  socket.on('pong', count);
}
