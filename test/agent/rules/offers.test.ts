import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parsePrivateKey } from '../../../shared/dsse.ts';
import { aDirectory } from '../../support/directory.ts';
import { type GatewayDouble, startGatewayDouble } from '../../support/gateway-double.ts';
import { bakeSigned, entryFile, keygen } from '../../support/pristine-cli.ts';
import { rulesEnvelope } from '../../support/rules.ts';
import { until } from '../../support/until.ts';

const stranger = generateKeyPairSync('ed25519').privateKey;
const strict = [{ match: '/var/**', as: 'immutable', severity: 'high' }];

/** A real agent, and a server that says whatever it likes. */
describe('an agent that is offered rules', { timeout: 120_000 }, () => {
  let directory: string;
  let key: ReturnType<typeof parsePrivateKey>;
  let gateway: GatewayDouble;
  let agent: ChildProcess;

  beforeEach(async () => {
    directory = aDirectory();
    const root = join(directory, 'root');
    mkdirSync(join(root, 'var/log'), { recursive: true });
    const keys = await keygen(join(directory, 'key'));
    key = parsePrivateKey(readFileSync(keys.key, 'utf8'));
    const manifest = join(directory, 'manifest');
    await bakeSigned({ root, out: manifest, key: keys.key });
    writeFileSync(join(root, 'var/log/app.log'), 'written since');
    gateway = await startGatewayDouble();
    const config = join(directory, 'agent.yaml');
    const own = { server: gateway.url, root, manifest, pub: keys.pub, stateDir: join(directory, 'state') };
    writeFileSync(config, JSON.stringify({ ...own, watch: false }));
    const log = openSync(join(directory, 'agent.log'), 'a');
    agent = spawn(process.execPath, [entryFile, 'run', '--config', config], { stdio: ['ignore', log, log] });
    await until(() => gateway.acked.length === 1);
  });
  afterEach(async () => {
    agent.kill('SIGKILL');
    await gateway.stop();
  });

  it('refuses what a compromised server makes up, and goes on by the rules it has', async () => {
    for (const envelope of [
      rulesEnvelope({ sequence: 9, rules: strict, key: stranger }),
      rulesEnvelope({ sequence: 1, rules: strict, key }),
      rulesEnvelope({ sequence: 9, rules: strict, name: 'api', key }),
      rulesEnvelope({ sequence: 9, rules: strict }),
    ]) {
      const before = gateway.rulesAnswers.length;
      offer('force', envelope);
      await until(() => gateway.rulesAnswers.length > before);
    }

    const codes = gateway.rulesAnswers.map((answer) => (answer.type === 'rules-refused' ? answer.code : answer.type));
    expect(codes).toEqual(['SIGNATURE', 'RULES', 'RULES', 'UNSIGNED']);
    expect(gateway.stored.every(({ rules }) => rules === 1)).toBe(true);
    expect(existsSync(join(directory, 'state/rules.dsse.json'))).toBe(false);
    expect(gateway.problems).toEqual([]);
  });

  it('says what they would change and changes nothing, then takes them and sweeps at once', async () => {
    const envelope = rulesEnvelope({ sequence: 2, rules: strict, key });
    offer('preview', envelope);
    await until(() => gateway.rulesAnswers.length === 1);
    const reports = gateway.stored.length;
    offer('force', envelope);
    await until(() => gateway.stored.some(({ rules, full }) => rules === 2 && full));

    expect(gateway.rulesAnswers).toMatchObject([
      {
        ...{ type: 'rules-previewed', before: 'in_sync', after: 'drifted', counts: { flagged: 1, silent: 0 } },
        differences: [{ name: '/var/log/app.log', before: null, after: 'high' }],
      },
    ]);
    expect(reports).toBe(1);
    expect(gateway.stored.at(-1)).toMatchObject({ opened: [{ name: '/var/log/app.log', severity: 'high' }] });
    expect(gateway.problems).toEqual([]);
  });

  function offer(use: 'preview' | 'force', envelope: object): void {
    gateway.send(JSON.stringify({ type: 'rules', use, envelope }));
  }
});
