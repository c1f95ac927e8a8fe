import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { anAuthority, type Issued } from '../support/certificates.ts';
import { aDirectory } from '../support/database.ts';
import { serverEntry } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const authority = anAuthority();
const ending: (() => unknown)[] = [];
afterEach(() => {
  for (const end of ending.splice(0)) end();
});

describe('SIGHUP', () => {
  it('has the certificate read again', async () => {
    const directory = aDirectory();
    const [certificate, key] = [join(directory, 'tls.crt'), join(directory, 'tls.key')];
    const write = (issued: Issued) => {
      writeFileSync(certificate, issued.certificate);
      writeFileSync(key, issued.key);
    };
    write(authority.issue());
    const server = await start('--tls-certificate', certificate, '--tls-key', key);
    const before = await serialOf(server.url);

    write(authority.issue());
    server.child.kill('SIGHUP');

    await until(async () => (await serialOf(server.url)) !== before);
    expect(server.child.exitCode).toBe(null);
  });

  it('does not end a server that has none', async () => {
    const server = await start();

    server.child.kill('SIGHUP');

    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect(server.child.signalCode).toBe(null);
  });
});

describe('a server whose certificate cannot be used', () => {
  it('ends with 2, and leaves nothing that holds the process', async () => {
    const directory = aDirectory();
    const [certificate, key] = [join(directory, 'tls.crt'), join(directory, 'tls.key')];
    writeFileSync(certificate, authority.issue().certificate);
    writeFileSync(key, authority.issue().key);

    const { child } = spawnServer('--tls-certificate', certificate, '--tls-key', key);

    await until(() => child.exitCode !== null);
    expect(child.exitCode).toBe(2);
  });
});

function spawnServer(...options: readonly string[]) {
  const data = join(aDirectory(), 'data');
  const args = [serverEntry, 'serve', '--listen', '127.0.0.1:0', '--data', data, ...options];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  ending.push(() => child.kill('SIGKILL'));
  return { child, data };
}

async function start(...options: readonly string[]) {
  const { child, data } = spawnServer(...options);
  const listening = join(data, 'listening');
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    return existsSync(listening);
  });
  return { child, url: readFileSync(listening, 'utf8').trim() };
}

function serialOf(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), ca: authority.certificate }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
