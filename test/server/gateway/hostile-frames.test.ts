import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findInstance } from '../../../server/store/instance-store.ts';
import { CloseCode } from '../../../shared/protocol.ts';
import { aFinding } from '../../support/builders.ts';
import { aGatewayHouse, type GatewayHouse } from '../../support/gateway-house.ts';
import { anHttpServer } from '../../support/http-server.ts';
import { compressed, final, frame, rawSocket, text } from '../../support/raw-socket.ts';
import { aReport } from '../../support/reports.ts';
import { anAgentKey, connectAgent, deliver, sayHello } from '../../support/scripted-agent.ts';

let house: GatewayHouse;
beforeAll(async () => {
  house = await aGatewayHouse({ limits: { unprovenBytesMax: 4 * 1_048_576 } });
});
afterAll(() => house.close());

async function enrolled() {
  return connectAgent(house.url, anAgentKey(), { joinToken: await house.aToken() });
}

/** The close code that comes before the end; undefined for an end without one. */
async function closeCodeOf(socket: Socket): Promise<number | undefined> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  if (!socket.closed) await once(socket, 'close');
  const bytes = Buffer.concat(chunks);
  for (let at = 0; at + 1 < bytes.length; at += 2 + (bytes[at + 1]! & 0x7f)) {
    if (bytes[at] === 0x88) return bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

describe('a frame', () => {
  it('in a hundred thousand fragments of one byte ends the connection long before', async () => {
    const socket = await rawSocket(house.url);
    const more = frame(0, Buffer.from('x'));
    const before = process.memoryUsage.rss();

    socket.write(Buffer.concat([frame(text, Buffer.from('{')), ...Array<Buffer>(100_000).fill(more)]));

    expect(await closeCodeOf(socket)).toBe(1008);
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1_048_576);
  });

  it.each([
    ['that says it is compressed', frame(final | compressed | text, Buffer.from('x')), 1002],
    ['that is not masked', Buffer.from([final | text, 1, 0x78]), 1002],
    ['of an opcode that there is not', frame(final | 0x03, Buffer.from('x')), 1002],
    ['that goes on with nothing', frame(final, Buffer.from('x')), 1002],
    ['whose length is a lie of 2^63 bytes', Buffer.from([final | text, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), 1009],
    ['that is a ping in fragments', frame(0x09, Buffer.from('x')), 1002],
    [
      'in more fragments than anybody cuts',
      Buffer.concat([frame(text, Buffer.from('{')), ...Array<Buffer>(130).fill(frame(0, Buffer.from('x')))]),
      1008,
    ],
    ['with a close code that nobody may send', frame(0x88, Buffer.from([0x03, 0xee])), 1002],
  ])('%s ends the connection', async (_, bytes, code) => {
    const socket = await rawSocket(house.url);

    socket.write(bytes);

    expect(await closeCodeOf(socket)).toBe(code);
  });
});

describe('a message', () => {
  it.each([
    ['a line break', 'web\nlevel":"error'],
    ['an escape', '\u001b[31mweb'],
    ['a NUL', 'web\u0000'],
    ['half a character', 'web\ud800'],
  ])('with %s in what people are shown is refused', async (_, hostname) => {
    const { answer } = await sayHello(house.url, anAgentKey(), { facts: { hostname } });

    expect(answer).toMatchObject({ type: 'closed', code: CloseCode.badMessage });
  });

  it.each(["'; drop table instance; --", '<img src=x onerror=alert(1)>', '{{7*7}}', '=cmd|x'])(
    'with %j in it is stored as it stands',
    async (hostile) => {
      const { line, id } = await enrolled();
      const finding = aFinding({ name: `/srv/${hostile}`, rule: hostile });

      expect(await deliver(line, aReport({ opened: [finding] }))).toMatchObject({ type: 'ack' });
      const rows = await house.db
        .selectFrom('finding')
        .innerJoin('drift', 'drift.fingerprint', 'finding.fingerprint')
        .select(['drift.name', 'finding.rule'])
        .where('instance_id', '=', id)
        .execute();
      expect(rows).toEqual([{ name: `/srv/${hostile}`, rule: hostile }]);
      await line.close();
    },
  );

  it('that says a key twice is what it says last, as nothing is signed over its bytes', async () => {
    const { line } = await enrolled();
    const twice = JSON.stringify(aReport()).replace('"seq":1', '"seq":7,"seq":1');

    line.sendRaw(twice);

    expect(await line.next()).toEqual({ type: 'ack', boot: 1, seq: 1 });
    await line.close();
  });

  it('of a boot that is over changes nothing, however often it is played again', async () => {
    const { line, id } = await enrolled();
    const old = aReport({ opened: [aFinding()] });
    await deliver(line, old);
    await deliver(line, aReport({ seq: 2 }));
    const before = await findInstance(house.db, id);

    for (let n = 0; n < 3; n++) expect(await deliver(line, old)).toEqual({ type: 'ack', boot: 1, seq: 1 });

    expect(await findInstance(house.db, id)).toEqual(before);
    await line.close();
  });
});

describe('the head of a request', () => {
  it.each([
    ['that never comes', ''],
    ['that comes letter by letter', 'GET /agent/v1 HTTP/1.1\r\nHost: x\r\nX-Slow: '],
  ])('%s ends the connection, and others are served meanwhile', async (_, begin) => {
    const server = await anHttpServer({}, '/nonexistent', 1_000);
    const { hostname, port } = new URL(server.url);
    const slow = connect(Number(port), hostname).on('error', () => {});
    await once(slow, 'connect');
    slow.write(begin);
    const letters = setInterval(() => begin !== '' && slow.write('a'), 20);

    expect((await server.get('groups')).status).toBe(200);
    slow.resume();
    await once(slow, 'close');
    clearInterval(letters);
    await server.close();
  });

  it('of 20 KB is refused', async () => {
    const server = await anHttpServer();

    const { status } = await server.send('/api/v1/groups', { headers: { 'x-long': 'x'.repeat(20_000) } });

    expect(status).toBe(431);
    await server.close();
  });

  it('with the token in its address is refused', async () => {
    const server = await anHttpServer();
    const token = server.services.adminToken;

    for (const name of ['token', 'access_token', 'authorization']) {
      const { status } = await server.send(`/api/v1/groups?${name}=${token}`, { headers: { authorization: '' } });
      expect(status).toBe(401);
    }
    await server.close();
  });

  it('with a body that says it is compressed is not unpacked', async () => {
    const server = await anHttpServer();
    const bomb = gzipSync(Buffer.alloc(100 * 1_048_576, ' '));

    const { status } = await server.send('/api/v1/keys', {
      method: 'POST',
      body: bomb,
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    });

    expect(status).toBe(400);
    await server.close();
  });
});
