import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConnection } from '../../../agent/report/connection.ts';
import { createServerTrust } from '../../../agent/report/server-trust.ts';
import { openSpool, type Spool } from '../../../agent/report/spool.ts';
import { loadIdentity } from '../../../agent/state/identity.ts';
import { systemClock } from '../../../shared/clock.ts';
import { digestOf } from '../../../shared/digest.ts';
import { anAuthority, type Issued, selfSigned } from '../../support/certificates.ts';
import { aDirectory } from '../../support/directory.ts';
import { type GatewayDouble, startGatewayDouble } from '../../support/gateway-double.ts';
import { aReport } from '../../support/reports.ts';
import { until } from '../../support/until.ts';

const authority = anAuthority();
const another = anAuthority('Another CA');
const dayMs = 24 * 3_600_000;

let ca: string;
let spool: Spool;
let noted: string[];
let stop: AbortController;
let running: Promise<void>;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  ca = join(aDirectory(), 'ca.pem');
  writeFileSync(ca, authority.certificate);
  spool = await openSpool(aDirectory());
  noted = [];
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await running;
  for (const close of closing.splice(0)) await close();
});

describe('the channel', () => {
  it('is TLS 1.3 with a server that a pinned CA has signed', async () => {
    const gateway = await aGateway(authority.issue());
    await spool.append([aReport({ boot: 1, seq: 1 })]);

    await connect(gateway.url);

    await until(() => spool.reports === 0);
    expect(gateway.problems).toEqual([]);
  });

  it('goes through again once the right CA is in the file', async () => {
    const gateway = await aGateway(authority.issue());
    writeFileSync(ca, another.certificate);
    await connect(gateway.url);
    await until(() => noted.some((note) => note.startsWith('waiting')));

    writeFileSync(ca, another.certificate + authority.certificate);

    await until(() => noted.includes('connected'));
  });

  it.each<[string, () => ServerOptions, RegExp]>([
    [
      'is of another name',
      () => pemOf(authority.issue({ names: ['other.example'], addresses: [] })),
      /is for DNS:other\.example/,
    ],
    ['has expired', () => pemOf(authority.issue({ notAfter: new Date(Date.now() - dayMs / 2) })), /has expired/],
    ['is not valid yet', () => pemOf(authority.issue({ notBefore: new Date(Date.now() + dayMs) })), /not valid yet/],
    ['is of another CA', () => pemOf(another.issue()), /not signed by a CA in \//],
    ['is self-signed', () => pemOf(selfSigned()), /signed by nobody but itself/],
    ['is shown by TLS 1.2', () => ({ ...pemOf(authority.issue()), maxVersion: 'TLSv1.2' }), /does not speak TLS 1\.3/],
  ])('refuses a certificate that %s, says so, and keeps what is to be told', async (_what, options, sentence) => {
    const gateway = await startGatewayDouble(options());
    closing.push(gateway.stop);
    await spool.append([aReport({ boot: 1, seq: 1 })]);

    await connect(gateway.url);

    await until(() => noted.some((note) => note.startsWith('waiting')));
    expect(noted.find((note) => note.startsWith('waiting'))).toMatch(sentence);
    expect([gateway.hellos, spool.reports]).toEqual([[], 1]);
  });

  it('refuses whom only the variables of the environment would let pass', async () => {
    const gateway = await aGateway(another.issue());
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    closing.push(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);

    await connect(gateway.url);

    await until(() => noted.some((note) => note.startsWith('waiting')));
    expect(noted).not.toContain('connected');
  });

  it('refuses a server that speaks plain text where TLS is meant', async () => {
    const gateway = await startGatewayDouble();
    closing.push(gateway.stop);

    await connect(gateway.url.replace('ws:', 'wss:'));

    await until(() => noted.some((note) => note.includes('not by TLS')));
    expect(gateway.hellos).toEqual([]);
  });

  it.each<[string, string, RegExp]>([
    ['takes the upgrade out', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', /does not let WebSockets through/],
    ['answers it without its name', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', /does not let WebSockets through/],
    [
      'sends elsewhere',
      'HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n',
      /elsewhere/,
    ],
  ])('refuses what stands between and %s', async (_what, answer, sentence) => {
    const server = createTlsServer(pemOf(authority.issue()));
    server.on('upgrade', (_request, socket) => socket.end(answer));
    closing.push(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');

    await connect(`wss://127.0.0.1:${(server.address() as AddressInfo).port}`);

    await until(() => noted.some((note) => note.startsWith('waiting')));
    expect(noted.find((note) => note.startsWith('waiting'))).toMatch(sentence);
  });

  it('says plainly when nothing listens', async () => {
    const server = createPlainServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();

    await connect(`wss://127.0.0.1:${port}`);

    await until(() => noted.some((note) => note.includes('ECONNREFUSED')));
  });
});

describe('the CA of the server', () => {
  it.each([
    ['is not there', undefined],
    ['holds no certificate', 'a note to myself\n'],
    ['holds one that is broken', authority.certificate + authority.certificate.replace(/\n.{8}/, '\nAAAAAAAA')],
  ])('is a wrong configuration where the file %s', (_what, text) => {
    const file = join(aDirectory(), 'ca.pem');
    if (text !== undefined) writeFileSync(file, text);

    expect(createServerTrust(file)).toThrow(expect.objectContaining({ code: 'CONFIG' }));
  });
});

async function aGateway(issued: Issued): Promise<GatewayDouble> {
  const gateway = await startGatewayDouble(pemOf(issued));
  closing.push(gateway.stop);
  return gateway;
}

function pemOf({ certificate, key }: Issued): ServerOptions {
  return { cert: certificate, key };
}

async function connect(url: string): Promise<void> {
  running = createConnection({
    url: `${url}/agent/v1`,
    trust: createServerTrust(ca),
    identity: await loadIdentity(aDirectory()),
    hello: async () => ({ boot: 1, image: digestOf('web@7'), rules: 1, agentVersion: '0.1.0', facts: {} }),
    spool,
    lastPlace: () => ({ boot: 1, seq: 1 }),
    notes: {
      state: (state, error) => noted.push(error === null ? state : `${state} ${error}`),
      welcome: () => undefined,
      acked: () => undefined,
      scanRequested: () => undefined,
      rulesOffered: () => undefined,
      disagreement: async () => undefined,
    },
    clock: systemClock,
    log: pino({ enabled: false }),
    limits: { backoffBaseMs: 1, backoffCapMs: 20 },
  }).run(stop.signal);
}
