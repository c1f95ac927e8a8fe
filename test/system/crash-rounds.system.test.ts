import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import type { Instance, InstanceFinding } from '../../shared/api.ts';
import type { Report } from '../../shared/report.ts';
import { isRestored } from '../../shared/restored.ts';
import { aDirectory } from '../support/database.ts';
import { type Random, seededRandom, testSeed } from '../support/random.ts';
import { agentOf, type RecordingProxy, startRecordingProxy } from '../support/recording-proxy.ts';

const rounds = Number(process.env['PRISTINE_TEST_ROUNDS'] ?? 200);
const agentCount = 3;
const execute = promisify(execFile);
const entry = (path: string) => new URL(`../../${path}`, import.meta.url).pathname;
const pristine = entry('agent/pristine.js');
const ctl = entry('server/ctl/pristinectl.js');

/** A small fleet of real processes: one server, three agents, each with a root of its own, and a proxy that writes down the acks. */
interface Fleet {
  readonly directory: string;
  readonly url: string;
  readonly proxy: RecordingProxy;
  server: ChildProcess;
  readonly agents: ChildProcess[];
}

const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

describe('kill -9 of server and agents while reports flow', () => {
  it(`stores every acked report once and ends with true verdicts, over ${rounds} rounds`, {
    timeout: 30 * 60_000,
  }, async () => {
    const random = seededRandom(testSeed());
    const fleet = await raiseFleet(random);

    for (let round = 0; round < rounds; round++) {
      mutateSome(fleet, random);
      await pause(random.below(600));
      const victim = random.below(agentCount + 2);
      if (victim < agentCount) await restartAgent(fleet, victim);
      else await restartServer(fleet);
      if (victim === agentCount + 1) await restartAgent(fleet, random.below(agentCount));
      await untilReportsFlow(fleet, random);
      if (round % 20 === 19)
        console.log(`round ${round + 1}: ${fleet.proxy.reports.length} reports, ${fleet.proxy.acks.length} acks`);
    }
    mutateSome(fleet, random);

    for (let index = 0; index < agentCount; index++) await expectTruth(fleet, index);
    await kill(fleet.server);
    for (const agent of fleet.agents) await kill(agent);
    await fleet.proxy.close();
    expectAckedStoredOnce(fleet);
    const acked = new Set(fleet.proxy.acks.map(({ agent, boot, seq }) => `${agent} ${boot} ${seq}`));
    expect(acked.size).toBeGreaterThanOrEqual(rounds);
  });
});

/** Each round ends with an ack, so that the next kill falls among reports and not into a wait for a reconnect. */
async function untilReportsFlow(fleet: Fleet, random: Random): Promise<void> {
  const before = fleet.proxy.acks.length;
  const deadline = performance.now() + 120_000;
  while (fleet.proxy.acks.length === before) {
    if (performance.now() > deadline) throw new Error('no report was acked within two minutes of a restart');
    mutateSome(fleet, random);
    await pause(500);
  }
}

async function raiseFleet(random: Random): Promise<Fleet> {
  const directory = aDirectory();
  const root = join(directory, 'image');
  for (const folder of ['etc/app', 'usr/bin', 'tmp', 'srv']) mkdirSync(join(root, folder), { recursive: true });
  for (let n = 0; n < 60; n++)
    writeFileSync(join(root, ['etc/app', 'usr/bin', 'srv'][n % 3]!, `file-${n}`), `baked ${n}\n`);
  await execute(process.execPath, [pristine, 'keygen', '--out', join(directory, 'image-key')]);
  const bake = [
    'bake',
    '--root',
    root,
    '--image',
    'crash',
    '--image-version',
    '1',
    '--out',
    join(directory, 'manifest'),
  ];
  await execute(process.execPath, [pristine, ...bake, '--key', join(directory, 'image-key.key')]);

  const port = await freePort(random);
  const url = `http://127.0.0.1:${port}`;
  const proxy = await startRecordingProxy(`ws://127.0.0.1:${port}`);
  const fleet: Fleet = { directory, url, proxy, server: undefined as unknown as ChildProcess, agents: [] };
  await startServer(fleet);

  const group = join(directory, 'group.yaml');
  writeFileSync(
    group,
    `kind: Group\nname: crash\nprovider: {type: local, directory: ${directory}/unused, images: {}}\nimages: {stable: crash@1}\n`,
  );
  await runCtl(fleet, 'keys', 'trust', join(directory, 'image-key.pub'));
  await runCtl(fleet, 'images', 'push', join(directory, 'manifest'));
  await runCtl(fleet, 'apply', '-f', group);
  for (let index = 0; index < agentCount; index++) {
    cpSync(root, join(directory, `root-${index}`), { recursive: true, preserveTimestamps: true });
    const token = JSON.parse(
      await runCtl(fleet, 'tokens', 'create', '--group', 'crash', '--image', 'crash@1', '--json'),
    ).token;
    writeFileSync(join(directory, `token-${index}`), token, { mode: 0o600 });
    writeFileSync(
      join(directory, `agent-${index}.yaml`),
      [
        `server: ${proxy.url}`,
        `root: ${directory}/root-${index}`,
        `manifest: ${directory}/manifest`,
        `pub: ${directory}/image-key.pub`,
        `stateDir: ${directory}/state-${index}`,
        `joinTokenFile: ${directory}/token-${index}`,
        'sweepEvery: 1h',
        '',
      ].join('\n'),
    );
    startAgent(fleet, index);
  }
  return fleet;
}

async function startServer(fleet: Fleet): Promise<void> {
  const { port } = new URL(fleet.url);
  const args = ['serve', '--listen', `127.0.0.1:${port}`, '--data', join(fleet.directory, 'data')];
  fleet.server = start(entry('server/pristine-server.js'), args, join(fleet.directory, 'server.log'));
  await until(
    async () => (await fetch(`${fleet.url}/readyz`)).ok,
    () => `the server to be ready: ${readFileSync(join(fleet.directory, 'server.log'), 'utf8').slice(-2_000)}`,
    60_000,
  );
}

function startAgent(fleet: Fleet, index: number): void {
  fleet.agents[index] = start(
    pristine,
    ['run', '--config', join(fleet.directory, `agent-${index}.yaml`)],
    join(fleet.directory, `agent-${index}.log`),
  );
}

function start(file: string, args: readonly string[], log: string): ChildProcess {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'ignore', openSync(log, 'a')] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

async function restartServer(fleet: Fleet): Promise<void> {
  await kill(fleet.server);
  await startServer(fleet);
}

async function restartAgent(fleet: Fleet, index: number): Promise<void> {
  await kill(fleet.agents[index]!);
  startAgent(fleet, index);
}

function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

/** A few changes, and as often changes back, in roots that agents are watching. */
function mutateSome(fleet: Fleet, random: Random): void {
  for (let n = random.below(4); n >= 0; n--) {
    const index = random.below(agentCount);
    const file = random.below(60);
    const name = join(['etc/app', 'usr/bin', 'srv'][file % 3]!, `file-${file}`);
    const path = join(fleet.directory, `root-${index}`, name);
    const baked = join(fleet.directory, 'image', name);
    switch (random.below(6)) {
      case 0:
        writeFileSync(path, `changed ${random.below(1e9)}\n`);
        break;
      case 1:
        rmSync(path, { force: true });
        break;
      case 2:
        writeFileSync(`${path}-added`, 'new\n');
        break;
      case 3:
        rmSync(`${path}-added`, { force: true });
        break;
      case 4:
        if (existsSync(path)) chmodSync(path, 0o600 + random.below(2) * 0o55);
        break;
      default:
        cpSync(baked, path, { preserveTimestamps: true });
        chmodSync(path, 0o644);
    }
  }
}

/**
 * What the server believes of an instance becomes what an independent verify of its root finds. That a file was written to and
 * is as baked again, only who watched it knows.
 */
async function expectTruth(fleet: Fleet, index: number): Promise<void> {
  const truth = await verify(fleet, index);
  const expected = { content: truth.verdict, open: truth.findings.map(({ fingerprint }) => fingerprint).sort() };
  let believed: unknown;
  await until(
    async () => {
      believed = await belief(fleet, index);
      return JSON.stringify(believed) === JSON.stringify(expected);
    },
    () => `agent ${index}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(believed)}`,
    120_000,
  );
}

async function verify(fleet: Fleet, index: number): Promise<Report> {
  const args = [
    '--root',
    join(fleet.directory, `root-${index}`),
    '--manifest',
    join(fleet.directory, 'manifest'),
    '--pub',
    join(fleet.directory, 'image-key.pub'),
  ];
  const { stdout } = await execute(process.execPath, [pristine, 'verify', ...args, '--format', 'json']).catch(
    (error) => error,
  );
  return JSON.parse(stdout);
}

async function belief(fleet: Fleet, index: number): Promise<unknown> {
  const key = JSON.parse(readFileSync(join(fleet.directory, `state-${index}`, 'status.json'), 'utf8')).instanceId;
  const instance: Instance = await get(fleet, `instances/${key}`);
  const findings: { items: InstanceFinding[] } = await get(fleet, `instances/${key}/findings?open=true&limit=500`);
  const differing = findings.items.filter((finding) => !isRestored(finding));
  return { content: instance.content, open: differing.map(({ fingerprint }) => fingerprint).sort() };
}

async function get<T>(fleet: Fleet, path: string): Promise<T> {
  const token = readFileSync(join(fleet.directory, 'data', 'admin.token'), 'utf8').trim();
  const response = await fetch(`${fleet.url}/api/v1/${path}`, { headers: { authorization: `Bearer ${token}` } });
  return (await response.json()) as T;
}

/** From the database itself: what an agent was told is stored, is stored; and once, because the key says so. */
function expectAckedStoredOnce(fleet: Fleet): void {
  const db = new Database(join(fleet.directory, 'data', 'pristine.db'), { readonly: true });
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  const instances = db.prepare('select id, public_key, boot, seq from instance').all([]) as {
    id: string;
    public_key: string;
    boot: number;
    seq: number;
  }[];
  expect(instances).toHaveLength(agentCount);
  const byAgent = new Map(instances.map((row) => [agentOf(row.public_key), row]));
  const stored = db
    .prepare('select instance_id, boot, seq, count(*) as times from report group by instance_id, boot, seq')
    .all([]) as {
    instance_id: string;
    boot: number;
    seq: number;
    times: number;
  }[];
  const times = new Map(stored.map((row) => [`${row.instance_id} ${row.boot} ${row.seq}`, row.times]));
  const changing = new Set(
    fleet.proxy.reports
      .filter(({ full, changes }) => !full && changes > 0)
      .map(({ agent, boot, seq }) => `${agent} ${boot} ${seq}`),
  );
  for (const { agent, boot, seq } of fleet.proxy.acks) {
    const instance = byAgent.get(agent)!;
    expect(
      instance.boot > boot || (instance.boot === boot && instance.seq >= seq),
      `acked ${boot}-${seq}, stored up to ${instance.boot}-${instance.seq}`,
    ).toBe(true);
    if (changing.has(`${agent} ${boot} ${seq}`))
      expect(times.get(`${instance.id} ${boot} ${seq}`), `acked report ${boot}-${seq}`).toBe(1);
  }
  db.close();
}

async function runCtl(fleet: Fleet, ...args: readonly string[]): Promise<string> {
  const env = {
    ...process.env,
    PRISTINE_SERVER: fleet.url,
    PRISTINE_TOKEN_FILE: join(fleet.directory, 'data', 'admin.token'),
  };
  return (await execute(process.execPath, [ctl, ...args], { env })).stdout;
}

async function until(fact: () => Promise<boolean>, what: string | (() => string), withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await fact().catch(() => false))) {
    if (performance.now() > deadline)
      throw new Error(`waited ${withinMs} ms for ${typeof what === 'string' ? what : what()}`);
    await pause(50);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * A port below the range that the kernel gives to outgoing connections: while the server is down, one of those could take
 * its port, or a client reaching for it could connect to itself.
 */
async function freePort(random: Random): Promise<number> {
  for (;;) {
    const port = 20_000 + random.below(10_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return port;
  }
}
