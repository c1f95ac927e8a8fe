import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../../shared/finding.ts';
import { reportFindingsMax } from '../../shared/protocol.ts';
import { aDirectoryInMemory } from '../support/directory.ts';
import { type GatewayDouble, startGatewayDouble } from '../support/gateway-double.ts';
import { bakeSigned, cleanEnvironment, entryFile, keygen } from '../support/pristine-cli.ts';
import { until } from '../support/until.ts';

const files = 30_000;
const perFolder = 100;
/** Of `MemoryMax=` of the unit, for what is a third of the findings: programs as sources take some 50 MiB more than what ships. */
const bothMibMax = 384;

let place: string;
let root: string;
let config: string;
let stateDir: string;
let gateway: GatewayDouble;
let agent: ChildProcess;

beforeAll(async () => {
  place = aDirectoryInMemory();
  root = join(place, 'root');
  const keys = await keygen(join(place, 'image'));
  write('baked');
  const manifest = join(place, 'manifest');
  await bakeSigned({ root, out: manifest, key: keys.key });
  gateway = await startGatewayDouble();
  [config, stateDir] = ['agent.yaml', 'state'].map((name) => join(place, name)) as [string, string];
  const settings = {
    server: gateway.url,
    root,
    manifest,
    pub: keys.pub,
    stateDir,
    watch: 'inotify',
    sweepEvery: '24h',
  };
  writeFileSync(config, JSON.stringify(settings));
});

afterAll(async () => {
  agent?.kill('SIGKILL');
  await gateway?.stop();
});

it('tells of every file of a tree that was written anew, forgets none over a restart, and closes all', {
  timeout: 240_000,
}, async () => {
  write('changed');
  const peak = watchPeak();
  start();
  await until(() => hasSwept(1));
  expect(openNow().size).toBe(files);

  const parts = gateway.stored.filter(({ boot }) => boot === 1).slice(0, files / reportFindingsMax);
  expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index + 1));
  expect(new Set(parts.map(({ scanId }) => scanId)).size).toBe(1);
  expect(parts.at(-1)!.coverage.holes).toEqual([]);
  expect(peak.stop()).toBeLessThan(bothMibMax);

  // One file more: what is written of it is as much as it is, and not all that is open.
  const before = sizeOfKnown();
  await until(() => readStatus().watcher.state === 'watching');
  writeFileSync(pathOf(0), 'changed once more');
  await until(() => gateway.stored.at(-1)!.full === false && isDelivered());
  expect(gateway.stored.at(-1)!.opened.map(({ name }) => name)).toEqual([pathOf(0).slice(root.length)]);
  expect(gateway.stored.at(-1)!.cleared).toHaveLength(1);
  await until(() => sizeOfKnown() > before);
  expect(sizeOfKnown() - before).toBeLessThan(4_096);

  agent.kill('SIGKILL');
  await once(agent, 'exit');
  start();
  await until(() => hasSwept(2));
  expect(openNow().size).toBe(files);

  agent.kill('SIGKILL');
  await once(agent, 'exit');
  write('baked');
  start();
  await until(() => hasSwept(3));
  expect(openNow().size).toBe(0);
  expect(gateway.stored.at(-1)).toMatchObject({ boot: 3, full: true, parts: 1, opened: [] });
  expect(gateway.problems).toEqual([]);
});

function start(): void {
  const log = openSync(join(place, 'log'), 'a');
  agent = spawn(process.execPath, [entryFile, 'run', '--config', config], {
    env: cleanEnvironment,
    stdio: ['ignore', 'ignore', log],
  });
}

function pathOf(n: number): string {
  return join(root, `d${Math.floor(n / perFolder)}`, `${n}`);
}

/** Anew and not over what is there: a file that was cut to nothing is written to the disk at once. */
function write(content: string): void {
  for (let n = 0; n < files; n++) {
    if (n % perFolder === 0) mkdirSync(join(pathOf(n), '..'), { recursive: true });
    rmSync(pathOf(n), { force: true });
    writeFileSync(pathOf(n), `${content} ${n}`);
  }
}

function openNow(): ReadonlyMap<string, Finding> {
  let open = new Map<string, Finding>();
  for (const { full, part, opened, cleared } of gateway.stored) {
    if (full && part === 1) open = new Map();
    for (const fingerprint of cleared) open.delete(fingerprint);
    for (const finding of opened) open.set(finding.fingerprint, finding);
  }
  return open;
}

/** In this boot, and told all of it. */
function hasSwept(boot: number): boolean {
  const last = gateway.stored.at(-1);
  return last?.boot === boot && last.part === last.parts && isDelivered();
}

function isDelivered(): boolean {
  return readdirSync(join(stateDir, 'spool')).length === 0;
}

function readStatus() {
  return JSON.parse(readFileSync(join(stateDir, 'status.json'), 'utf8'));
}

function sizeOfKnown(): number {
  return statSync(join(stateDir, 'known-state.ndjson')).size;
}

/** Of the agent and its sweep together, what is theirs alone, in MiB. */
function watchPeak(): { readonly stop: () => number } {
  let most = 0;
  const timer = setInterval(() => {
    const pids = agent?.pid === undefined ? [] : [agent.pid, ...childrenOf(agent.pid)];
    most = Math.max(
      most,
      pids.reduce((sum, pid) => sum + anonymousOf(pid), 0),
    );
  }, 20);
  return {
    stop: () => {
      clearInterval(timer);
      return most / 1_024;
    },
  };
}

function childrenOf(pid: number): readonly number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

function anonymousOf(pid: number): number {
  return Number(/RssAnon:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
