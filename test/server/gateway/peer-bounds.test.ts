import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { subprotocol } from '../../../shared/protocol.ts';
import { aGatewayHouse, type GatewayHouse } from '../../support/gateway-house.ts';
import { aReport } from '../../support/reports.ts';
import { anAgentKey, deliver, type Line, openLine, sayHello } from '../../support/scripted-agent.ts';

let house: GatewayHouse;
beforeAll(async () => {
  house = await aGatewayHouse({ limits: { handshakesOfOneMax: 8 } });
});
afterAll(() => house.close());

/** The socket beneath, for bytes that no library would send. */
function streamOf({ socket }: Line): Socket {
  const { _socket: stream } = socket as unknown as { _socket: Socket };
  stream.on('error', () => {});
  return stream;
}

/** RFC 6455 §5.5: a pong of nothing, masked with zeros. */
const pong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

/** Opens a socket from this address of the loopback network: its status, or 101. */
async function upgradeFrom(localAddress: string): Promise<number> {
  const socket = new WebSocket(house.url, subprotocol, { localAddress });
  const status = Promise.withResolvers<number>();
  socket.on('error', () => {});
  socket.on('open', () => status.resolve(101));
  socket.on('unexpected-response', (_, { statusCode }) => status.resolve(statusCode ?? 0));
  return status.promise;
}

describe('a peer', () => {
  it('that has not proven who it is is cut off before its frame fills the memory', async () => {
    const line = openLine(house.url);
    await line.next();
    const stream = streamOf(line);

    // A text frame of 1 MiB, of which the last byte never comes.
    stream.write(Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0]));
    stream.write(Buffer.alloc(1_048_575));

    expect(await line.next()).toMatchObject({ type: 'closed', code: 1006 });
  });

  it('that has proven it may send what a report takes', async () => {
    const { line } = await sayHello(house.url, anAgentKey(), { joinToken: await house.aToken() });
    const names = Array.from({ length: 200 }, (_, n) => ({ name: `/srv/${'x'.repeat(1_000)}${n}`, rule: 'ignored' }));
    const report = aReport();

    expect(await deliver(line, { ...report, coverage: { ...report.coverage, skipped: names } })).toMatchObject({
      type: 'ack',
    });
    await line.close();
  });

  it('that comes again goes on with the share that it had', async () => {
    const slow = await aGatewayHouse({ limits: { burstBytes: 8_192, bytesPerSecond: 1 } });
    const key = anAgentKey();
    const { line } = await sayHello(slow.url, key, { joinToken: await slow.aToken() });
    for (let seq = 1; seq <= 8; seq++) await deliver(line, aReport({ seq }));
    await line.close();

    const again = await sayHello(slow.url, key);
    const answer = deliver(again.line, aReport({ seq: 9 }));

    // The next connection, of another key, has been served since.
    const other = await sayHello(slow.url, anAgentKey(), { joinToken: await slow.aToken() });
    expect(await deliver(other.line, aReport())).toMatchObject({ type: 'ack' });
    again.line.socket.terminate();
    expect(await answer).toMatchObject({ type: 'closed' });
    await slow.close();
  });

  it('that floods with pongs is cut off, proven or not', async () => {
    const { line } = await sayHello(house.url, anAgentKey(), { joinToken: await house.aToken() });

    streamOf(line).write(Buffer.concat(Array<Buffer>(1_000).fill(pong)));

    expect(await line.next()).toMatchObject({ type: 'closed', code: 1006 });
  });

  it('that says nothing, or fails at once, from one address leaves places for others', async () => {
    for (let n = 0; n < 4; n++) {
      const line = openLine(house.url);
      await line.next();
      line.sendRaw('{}');
      await once(line.socket, 'close');
    }
    const statuses = [];
    for (let n = 0; n < 8; n++) statuses.push(await upgradeFrom('127.0.0.1'));

    expect(statuses).toContain(503);
    expect(statuses[0]).toBe(101);
    expect(await upgradeFrom('127.0.0.2')).toBe(101);
  });
});
