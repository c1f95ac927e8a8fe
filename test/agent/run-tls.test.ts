import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Status } from '../../agent/status.ts';
import { anAuthority } from '../support/certificates.ts';
import { aDirectory } from '../support/directory.ts';
import { type GatewayDouble, startGatewayDouble } from '../support/gateway-double.ts';
import { bakeSigned, entryFile, keygen, pristine } from '../support/pristine-cli.ts';
import { until } from '../support/until.ts';

const authority = anAuthority();
const another = anAuthority('Another CA');

let directory: string;
let gateway: GatewayDouble;
const ending: (() => unknown)[] = [];

beforeEach(async () => {
  directory = aDirectory();
  const { certificate, key } = authority.issue();
  gateway = await startGatewayDouble({ cert: certificate, key });
  ending.push(() => gateway.stop());
  mkdirSync(at('root/etc'), { recursive: true });
  writeFileSync(at('root/etc/file'), 'baked\n');
  const keys = await keygen(at('image'));
  await bakeSigned({ root: at('root'), out: at('manifest'), key: keys.key });
  const paths = { root: at('root'), manifest: at('manifest'), pub: keys.pub, stateDir: at('state'), ca: at('ca.pem') };
  writeFileSync(at('agent.yaml'), JSON.stringify({ server: gateway.url, ...paths }));
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

describe('an agent whose server shows the wrong certificate', () => {
  it('goes on looking and keeps what it finds, says why, and tells it once the certificate is right', async () => {
    writeFileSync(at('ca.pem'), another.certificate);
    writeFileSync(at('root/etc/file'), 'changed\n');
    start();

    await until(() => (statusOf()?.openFindings ?? 0) > 0 && statusOf()?.connection.state === 'waiting');
    expect(statusOf()).toMatchObject({ verdict: 'drifted', spool: { reports: 1 }, instanceId: null });
    expect(statusOf()?.connection.error).toContain('is not signed by a CA in');
    expect(gateway.hellos).toEqual([]);

    writeFileSync(at('ca.pem'), authority.certificate);

    await until(() => gateway.stored.length > 0);
    expect(gateway.stored[0]?.opened.map(({ name }) => name)).toEqual(['/etc/file']);
  });

  it('does not start where its CA is no file of certificates', async () => {
    writeFileSync(at('ca.pem'), 'nothing');

    const { code, stderr } = await pristine(['run', '--config', at('agent.yaml')]);

    expect([code, stderr]).toEqual([2, expect.stringContaining('CONFIG: ca: ')]);
  });
});

function at(name: string): string {
  return join(directory, name);
}

function start(): void {
  const agent = spawn(process.execPath, [entryFile, 'run', '--config', at('agent.yaml')], { stdio: 'ignore' });
  ending.push(() => agent.kill('SIGKILL'));
}

function statusOf(): Status | undefined {
  try {
    return Status.parse(JSON.parse(readFileSync(at('state/status.json'), 'utf8')));
  } catch {
    return undefined;
  }
}
