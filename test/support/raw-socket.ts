import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A WebSocket without a library: whatever frames a hostile peer would send. Resolves once something is answered, or it is over. */
export async function rawSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.write(upgradeHead(url));
  const over = new AbortController();
  socket.once('close', () => over.abort());
  await once(socket, 'data', { signal: over.signal }).catch(() => undefined);
  return socket;
}

/** RFC 6455 §4.1: the opening handshake of a client. */
export function upgradeHead(url: string): string {
  const { hostname, pathname } = new URL(url);
  const head = [
    `GET ${pathname} HTTP/1.1`,
    `Host: ${hostname}`,
    ...['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'],
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Protocol: pristine.v1',
  ];
  return `${head.join('\r\n')}\r\n\r\n`;
}

/** RFC 6455 §5.2: of at most 125 bytes, masked with zeros. */
export function frame(firstByte: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([firstByte, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

/** The same of any length that four bytes can say. */
export function longFrame(firstByte: number, payload: Buffer): Buffer {
  const head = Buffer.from([firstByte, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(payload.length, 6);
  return Buffer.concat([head, payload]);
}

/** First bytes of frames, to be joined by or. */
export const [text, final, compressed] = [0x01, 0x80, 0x40];
