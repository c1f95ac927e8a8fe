import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mountsAt } from '../../server/provider/local/processes.ts';
import type { Instance, ReplacementView } from '../../shared/api.ts';
import { parseEnvelope, parsePublicKeys } from '../../shared/dsse.ts';
import { verifyProof } from '../../shared/proof.ts';
import { aLocalBench, type LocalBench } from '../support/local-bench.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { until } from '../support/until.ts';

const dyingServer = fileURLToPath(new URL('../support/dying-server.ts', import.meta.url));
const size = 3;
const random = seededRandom(testSeed());

/** After each transition, and before, in the middle of and after each call. The start rate allows 29 rounds an hour. */
const moments: readonly (readonly string[])[] = [
  ...[1, 2, 3, 4, 5, 6, 7].map((nth) => ['moved', String(nth)]),
  ...['launch', 'drain', 'terminate'].flatMap((call) => [
    [`before:${call}`, '1'],
    [`after:${call}`, '1'],
  ]),
  ...['launch', 'launch', 'launch', 'terminate', 'terminate', 'terminate'].map((call) => [
    ...[`during:${call}`, '1', String(random.below(call === 'launch' ? 60 : 30))],
  ]),
];

/** One fleet of real agents on real roots, and one server after another over the same data. */
describe('kill -9 of the server during a replacement', () => {
  let house: House;
  let rounds = 0;

  beforeAll(async () => {
    house = await raiseHouse();
  });
  afterEach(() => house.stop());
  afterAll(() => house.close());

  it.each(moments)('%s %s: one replacement, one retirement, no orphan', async (...moment) => {
    const { bench } = house;
    await house.start(...moment);
    const before = await house.instances();
    await house.scanAll();
    const known = new Set((await house.replacements()).map(({ id }) => id));
    const [old] = before.filter(({ content }) => content === 'in_sync');
    const fresh = async () => (await house.replacements()).filter(({ id }) => !known.has(id));

    // Another place each time: the breaker opens for drift that comes back.
    rounds += 1;
    writeFileSync(join(bench.directory, old!.providerId!, `root/etc/round-${rounds}`), 'added');
    await house.dead();
    await house.start();
    await until(async () => (await fresh()).some(({ state }) => ['succeeded', 'failed', 'stuck'].includes(state)));

    const [replacement, ...others] = await fresh();
    expect(others).toEqual([]);
    expect(replacement).toMatchObject({ state: 'succeeded', oldInstanceId: old!.id, error: null });
    const proof = parseEnvelope(await house.text(`replacements/${replacement!.id}/proof`));
    verifyProof(proof, parsePublicKeys(await house.text('proof-key')));
    const living = await house.instances();
    const expected = before.map(({ id }) => (id === old!.id ? replacement!.newInstanceId : id));
    expect(living.map(({ id }) => id).sort()).toEqual(expected.sort());
    expect(readdirSync(bench.directory).sort()).toEqual(living.map(({ providerId }) => providerId).sort());
    expect(mountsAt(bench.directory)).toHaveLength(size);
  });
});

interface House {
  readonly bench: LocalBench;
  start(...moment: readonly string[]): Promise<void>;
  /** Until the server has killed itself. */
  dead(): Promise<void>;
  stop(): Promise<void>;
  close(): Promise<void>;
  text(path: string): Promise<string>;
  /** Until each agent is connected and has reported anew: one whose connections come to nothing stays away longer each time. */
  scanAll(): Promise<void>;
  instances(): Promise<readonly Instance[]>;
  replacements(): Promise<readonly ReplacementView[]>;
}

async function raiseHouse(): Promise<House> {
  const bench = await aLocalBench({ privileged: true });
  const data = join(bench.place.dir, 'data');
  const logFile = join(bench.place.dir, 'server.log');
  const port = await freePort();
  let server: ChildProcess | undefined;

  const call = async (method: string, path: string, body?: unknown): Promise<string> => {
    const authorization = `Bearer ${readFileSync(join(data, 'admin.token'), 'utf8').trim()}`;
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, {
      method,
      headers: { authorization, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.text();
  };
  const items = async <T>(path: string): Promise<readonly T[]> => JSON.parse(await call('GET', path)).items;
  const gone = async (child: ChildProcess) => {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };

  const house: House = {
    bench,
    async start(...moment) {
      const log = openSync(logFile, 'a');
      const child = spawn(process.execPath, [dyingServer, data, String(port), ...moment], {
        stdio: ['pipe', log, log],
      });
      closeSync(log);
      server = child;
      await until(() => {
        if (child.exitCode !== null)
          throw new Error(`the server ended: ${readFileSync(logFile, 'utf8').slice(-2_000)}`);
        return fetch(`http://127.0.0.1:${port}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        );
      });
    },
    async dead() {
      await gone(server!);
      expect(server!.signalCode).toBe('SIGKILL');
    },
    async stop() {
      server?.kill('SIGKILL');
      if (server) await gone(server);
    },
    async close() {
      await house.stop();
      await bench.close();
    },
    text: (path) => call('GET', path),
    async scanAll() {
      const scans = new Map((await house.instances()).map(({ id, evidence }) => [id, evidence?.scanId]));
      for (const id of scans.keys()) {
        await until(() =>
          call('POST', `instances/${id}/scan`).then(
            () => true,
            () => false,
          ),
        );
      }
      await until(async () =>
        (await house.instances()).every(({ id, evidence }) => evidence !== null && evidence.scanId !== scans.get(id)),
      );
    },
    instances: () => items('instances?group=web&limit=100'),
    replacements: () => items('replacements?group=web&limit=100'),
  };

  await house.start();
  const manifest = join(bench.place.dir, 'manifest');
  const envelope = (name: string) => JSON.parse(readFileSync(join(manifest, name), 'utf8'));
  const pem = readFileSync(join(bench.place.dir, 'image-key.pub'), 'utf8');
  await call('POST', 'keys', { name: 'image', pem });
  await call('POST', 'images', { manifest: envelope('manifest.dsse.json'), rules: envelope('rules.dsse.json') });
  await call('POST', 'apply', bench.group);
  await call('POST', 'apply', {
    ...{ kind: 'Policy', name: 'web', select: { group: 'web' }, mode: 'enforce', budgets: [{ max: 1 }] },
    triggers: [{ drift: { severity: 'low', settle: 0 } }],
    strategy: { verifyWithin: '5m', drainTimeout: '1m', soak: '1s' },
  });
  await call('POST', 'groups/web/launch', { count: size, key: 'first' });
  await until(async () => (await house.instances()).filter(({ content }) => content === 'in_sync').length === size);
  await house.stop();
  return house;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
