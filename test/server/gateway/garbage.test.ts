import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { CloseCode, frameBytesMax } from '../../../shared/protocol.ts';
import { aFinding } from '../../support/builders.ts';
import { aGatewayHouse, type GatewayHouse } from '../../support/gateway-house.ts';
import { aReport } from '../../support/reports.ts';
import { aHello, anAgentKey, deliver, openLine, sayHello } from '../../support/scripted-agent.ts';

let house: GatewayHouse;
beforeAll(async () => {
  house = await aGatewayHouse({ limits: { handshakeMs: 2_000 } });
});
afterAll(() => house.close());

async function enrolledLine() {
  return (await sayHello(house.url, anAgentKey(), { joinToken: await house.aToken() })).line;
}

const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
const report = aReport();
const finding = aFinding();

const garbage: ReadonlyArray<readonly [string, string | Buffer, number]> = [
  ['an empty frame', '', CloseCode.badMessage],
  ['no JSON', '{"type":"heart', CloseCode.badMessage],
  ['null', 'null', CloseCode.badMessage],
  ['a number', '1e999', CloseCode.badMessage],
  ['an array', '[]', CloseCode.badMessage],
  ['200,000 nested arrays', deep, CloseCode.badMessage],
  ['nested arrays in a field', `{"type":"heartbeat","boot":${deep},"seq":1,"stateDigest":null}`, CloseCode.badMessage],
  ['an unknown type', '{"type":"exec","command":"id"}', CloseCode.badMessage],
  ['a message of the server', '{"type":"ack","boot":1,"seq":1}', CloseCode.badMessage],
  ['an unknown key', '{"type":"heartbeat","boot":1,"seq":0,"stateDigest":null,"id":"other"}', CloseCode.badMessage],
  ['a __proto__ key', '{"type":"heartbeat","boot":1,"seq":0,"stateDigest":null,"__proto__":{}}', CloseCode.badMessage],
  [
    'a seq that is no safe integer',
    '{"type":"heartbeat","boot":1,"seq":9007199254740993,"stateDigest":null}',
    CloseCode.badMessage,
  ],
  ['a negative seq', JSON.stringify({ ...report, seq: -1 }), CloseCode.badMessage],
  ['a heartbeat of another boot', '{"type":"heartbeat","boot":2,"seq":0,"stateDigest":null}', CloseCode.badMessage],
  ['a report of a later boot', JSON.stringify({ ...report, boot: 2 }), CloseCode.badMessage],
  ['part 3 of 2', JSON.stringify({ ...report, part: 3, parts: 2 }), CloseCode.badMessage],
  [
    'a scan that ended before it began',
    JSON.stringify({ ...report, startedAt: '2026-01-01T00:00:00.001Z' }),
    CloseCode.badMessage,
  ],
  [
    'a time without milliseconds',
    JSON.stringify({ ...report, startedAt: '2026-01-01T00:00:00Z' }),
    CloseCode.badMessage,
  ],
  [
    'a fingerprint of something else',
    JSON.stringify({ ...report, opened: [{ ...finding, name: '/etc/motd' }] }),
    CloseCode.badMessage,
  ],
  [
    'a name with a lone surrogate',
    JSON.stringify({ ...report, opened: [{ ...finding, name: '/\ud800' }] }),
    CloseCode.badMessage,
  ],
  [
    'an unknown severity',
    JSON.stringify({ ...report, opened: [{ ...finding, severity: 'fatal' }] }),
    CloseCode.badMessage,
  ],
  [
    'more findings than a part may have',
    JSON.stringify({ ...report, opened: Array(2_001).fill(finding) }),
    CloseCode.badMessage,
  ],
  ['a report that begins in the middle', JSON.stringify({ ...report, seq: 5, full: false }), CloseCode.outOfOrder],
  ['a binary frame', Buffer.from('{"type":"heartbeat"}'), 1003],
  ['a frame of 1 MiB and one byte', 'x'.repeat(frameBytesMax + 1), 1009],
];

describe('after the hello', () => {
  it.each(garbage)('answers %s with a close code, and stores nothing', async (_, frame, code) => {
    const line = await enrolledLine();

    line.sendRaw(frame);

    expect(await line.next()).toMatchObject({ type: 'closed', code });
    expect(await house.db.selectFrom('finding').selectAll().execute()).toEqual([]);
    expect(await house.db.selectFrom('instance').select('id').where('seq', '>', 0).execute()).toEqual([]);
  });

  it('refuses a second hello', async () => {
    const line = await enrolledLine();

    line.send(aHello(anAgentKey(), 'a nonce of nobody at all, long enough'));

    expect(await line.next()).toMatchObject({ type: 'closed', code: CloseCode.badMessage });
  });

  it('closes with 1007 for text that is not UTF-8', async () => {
    const line = await enrolledLine();

    line.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });

    expect(await line.next()).toMatchObject({ type: 'closed', code: 1007 });
  });
});

describe('before the hello', () => {
  it.each([
    ['a heartbeat', JSON.stringify({ type: 'heartbeat', boot: 1, seq: 0, stateDigest: null }), CloseCode.badMessage],
    ['a report', JSON.stringify(report), CloseCode.badMessage],
    ['garbage', '\u0000', CloseCode.badMessage],
    [
      'a key that is none',
      JSON.stringify(aHello({ ...anAgentKey(), publicKey: 'PEM' }, 'nonce')),
      CloseCode.unauthorized,
    ],
    [
      'a signature that is none',
      JSON.stringify(aHello(anAgentKey(), 'nonce', { signature: '' })),
      CloseCode.unauthorized,
    ],
  ])('refuses %s', async (_, frame, code) => {
    const line = openLine(house.url);
    await line.next();

    line.sendRaw(frame);

    expect(await line.next()).toMatchObject({ type: 'closed', code });
  });

  it('refuses whoever says nothing', async () => {
    const patient = await aGatewayHouse({ limits: { handshakeMs: 50 } });
    const line = openLine(patient.url);
    await line.next();

    expect(await line.next()).toMatchObject({ type: 'closed', code: CloseCode.handshakeTimeout });
    await patient.close();
  });
});

describe('the upgrade', () => {
  it.each([
    ['another path', (url: string) => url.replace('/agent/v1', '/agent/v2'), ['pristine.v1'], 404],
    ['no subprotocol', (url: string) => url, [], 400],
    ['another subprotocol', (url: string) => url, ['pristine.v2'], 400],
  ])('is refused for %s', async (_, urlOf, protocols, status) => {
    const socket = new WebSocket(urlOf(house.url), protocols);

    const answer = await new Promise((resolve) => {
      socket.on('error', () => {});
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
    });

    expect(answer).toBe(status);
  });

  it('negotiates no compression', async () => {
    const socket = new WebSocket(house.url, ['pristine.v1'], { perMessageDeflate: true });
    await new Promise((resolve) => socket.once('open', resolve));

    expect(socket.extensions).toBe('');
    socket.terminate();
  });

  it('is refused when too many are unproven, and possible again when they are gone', async () => {
    const small = await aGatewayHouse({ limits: { handshakesMax: 2, handshakeMs: 100 } });
    const idle = [openLine(small.url), openLine(small.url)];
    await Promise.all(idle.map((line) => line.next()));

    const refused = await openLine(small.url).next();
    await Promise.all(idle.map((line) => line.next()));
    const { answer } = await sayHello(small.url, anAgentKey(), { joinToken: await small.aToken() });

    expect(refused).toMatchObject({ type: 'closed', code: 1006 });
    expect(answer.type).toBe('welcome');
    await small.close();
  });
});

it('serves others while one sends garbage, hangs half-open, and floods', async () => {
  const good = await enrolledLine();
  const { hostname, port } = new URL(house.url);
  const raw = connect(Number(port), hostname).on('error', () => {});
  raw.write('GET /agent/v1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n');
  const flood = await enrolledLine();
  for (let n = 0; n < 5_000; n += 1) {
    flood.send({ type: 'heartbeat', boot: 1, seq: 0, stateDigest: null });
  }
  for (let n = 0; n < 20; n += 1)
    openLine(house.url).socket.on('open', function garble() {
      this.send('garbage');
    });

  const answer = await deliver(good, aReport());

  expect(answer).toEqual({ type: 'ack', boot: 1, seq: 1 });
  raw.destroy();
  flood.socket.terminate();
});
