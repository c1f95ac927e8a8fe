import { renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Config } from '../../server/config.ts';
import { subprotocol } from '../../shared/protocol.ts';
import { anAuthority, type Issued } from '../support/certificates.ts';
import { aDirectory } from '../support/database.ts';
import { aServer } from '../support/server-process.ts';

const authority = anAuthority();

let files: { readonly tlsCertificate: string; readonly tlsKey: string };
const closing: (() => unknown)[] = [];

beforeEach(() => {
  const directory = aDirectory();
  files = { tlsCertificate: join(directory, 'tls.crt'), tlsKey: join(directory, 'tls.key') };
  write(authority.issue());
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe('a server with a certificate', () => {
  it('says https, and answers people and agents by it', async () => {
    const server = await start(files);

    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(await statusOf(`${server.url}/readyz`)).toBe(200);
    expect(await challengeOf(await anAgent(server.url))).toMatchObject({ type: 'challenge' });
  });

  it('does not speak less than TLS 1.3', async () => {
    const server = await start(files);

    await expect(handshake(server.url, { maxVersion: 'TLSv1.2' })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    });
  });

  it('shows a new one when it is told, and drops nobody', async () => {
    const server = await start(files);
    const agent = await anAgent(server.url);
    await challengeOf(agent);
    const before = await serialOf(server.url);

    write(authority.issue());
    await server.reloadCertificate();

    expect(await serialOf(server.url)).not.toBe(before);
    expect(agent.readyState).toBe(WebSocket.OPEN);
  });

  it.each([
    ['a key of another certificate', () => writeFileSync(files.tlsKey, authority.issue().key)],
    ['half a certificate', () => writeFileSync(files.tlsCertificate, authority.issue().certificate.slice(0, 100))],
    ['no file', () => renameSync(files.tlsKey, `${files.tlsKey}.old`)],
  ])('goes on with the former one over %s', async (_what, spoil) => {
    const server = await start(files);
    const before = await serialOf(server.url);

    spoil();
    await server.reloadCertificate();

    expect(await serialOf(server.url)).toBe(before);
  });
});

describe('a server that is started with', () => {
  it.each<[string, () => Partial<Config>]>([
    ['a certificate that is not there', () => ({ ...files, tlsCertificate: '/nonexistent' })],
    ['a key that belongs to another', () => ({ ...files, tlsKey: writeTo('other.key', authority.issue().key) })],
    ['an address that is more than this machine, in plain text', () => ({ listen: '0.0.0.0:0' })],
    ['an address of any kind, in plain text', () => ({ listen: '[::]:0' })],
    ['the name of a machine, in plain text', () => ({ listen: 'pristine.example:0' })],
  ])('%s does not start', async (_what, overrides) => {
    await expect(aServer(overrides())).rejects.toMatchObject({ code: 'CONFIG' });
  });

  it.each<[string, () => Partial<Config>]>([
    ['such an address and something in front that ends TLS', () => ({ listen: '0.0.0.0:0', behindProxy: true })],
    ['such an address and a certificate', () => ({ ...files, listen: '0.0.0.0:0' })],
  ])('%s starts', async (_what, overrides) => {
    await start(overrides());
  });
});

async function start(overrides: Partial<Config>) {
  const server = await aServer(overrides);
  closing.push(() => server.stop());
  return server;
}

function write({ certificate, key }: Issued): void {
  writeFileSync(files.tlsCertificate, certificate);
  writeFileSync(files.tlsKey, key);
}

function writeTo(name: string, text: string): string {
  const file = join(aDirectory(), name);
  writeFileSync(file, text);
  return file;
}

function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { ca: authority.certificate }, (answer) => resolve(answer.resume().statusCode))
      .on('error', reject)
      .end();
  });
}

async function anAgent(url: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('https', 'wss')}/agent/v1`, subprotocol, { ca: authority.certificate });
  closing.push(() => socket.terminate());
  return socket;
}

function challengeOf(socket: WebSocket): Promise<object> {
  return new Promise((resolve, reject) => {
    socket.once('message', (data) => resolve(JSON.parse(String(data))));
    socket.once('error', reject);
  });
}

function handshake(url: string, options: { readonly maxVersion?: 'TLSv1.2' } = {}): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), ca: authority.certificate, ...options }, () =>
      resolve(socket),
    );
    socket.once('error', reject);
    closing.push(() => socket.destroy());
  });
}

async function serialOf(url: string): Promise<string> {
  return (await handshake(url)).getPeerCertificate().serialNumber;
}
