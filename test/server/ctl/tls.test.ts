import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anAuthority } from '../../support/certificates.ts';
import { aDirectory } from '../../support/database.ts';
import { aServer, ctlEntry, runEntry } from '../../support/server-process.ts';

const authority = anAuthority();
const directory = aDirectory();
const file = (name: string, text: string) => {
  writeFileSync(join(directory, name), text);
  return join(directory, name);
};
const ca = file('ca.pem', authority.certificate);
const otherCa = file('other.pem', anAuthority('Another CA').certificate);

let server: Awaited<ReturnType<typeof aServer>>;
beforeAll(async () => {
  const { certificate, key } = authority.issue();
  server = await aServer({ tlsCertificate: file('tls.crt', certificate), tlsKey: file('tls.key', key) });
});
afterAll(() => server.stop());

const ctl = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  runEntry(ctlEntry, [...args, 'groups', 'list', '--json'], {
    env: { PRISTINE_SERVER: server.url, PRISTINE_TOKEN: server.token, ...env },
  });

describe('pristinectl, to a server with a certificate', () => {
  it('is answered where the CA is named, by option or variable', async () => {
    const answers = [await ctl(['--ca', ca]), await ctl([], { PRISTINE_CA: ca })];

    expect(answers.map(({ code, stdout }) => [code, JSON.parse(stdout).items])).toEqual([
      [0, []],
      [0, []],
    ]);
  });

  it.each([
    ['whose CA nobody named', [], {}],
    ['that another CA should have signed', ['--ca', otherCa], {}],
    ['that only a variable of Node would let pass', [], { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
  ])('sends no token to one %s, and says why', async (_what, args, env) => {
    const { code, stderr } = await ctl(args, env);

    expect(code).toBe(4);
    expect(stderr).toContain('is not signed by');
    expect(stderr).toContain('(UNREACHABLE)');
  });

  it('follows nobody elsewhere', async () => {
    const { certificate, key } = authority.issue();
    const asked: string[] = [];
    const away = createServer({ cert: certificate, key }, (request, answer) => {
      asked.push(request.url ?? '');
      answer.writeHead(302, { location: '/elsewhere' }).end();
    });
    away.listen(0, '127.0.0.1');
    await once(away, 'listening');

    const { code } = await ctl(['--ca', ca, '--server', `https://127.0.0.1:${(away.address() as AddressInfo).port}`]);

    away.close();
    expect([code, asked.length]).toEqual([4, 1]);
  });

  it.each([
    ['plain http to another machine', ['--server', 'http://192.0.2.7:7420']],
    ['a CA where nothing shows a certificate', ['--ca', ca, '--server', 'http://127.0.0.1:7420']],
    ['a CA that is not there', ['--ca', '/nonexistent']],
    ['a CA that is none', ['--ca', file('note', 'x')]],
  ])('refuses %s', async (_what, args) => {
    const { code, stderr } = await ctl(args);

    expect([code, stderr]).toEqual([2, expect.stringContaining('(CONFIG)')]);
  });
});
