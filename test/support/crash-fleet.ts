import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../shared/clock.ts';
import { type Victim, victims } from './crash-plan.ts';
import { fillDisk } from './fill-disk.ts';
import { houseDir } from './house.ts';
import type { Random } from './random.ts';
import { type RecordingProxy, startRecordingProxy } from './recording-proxy.ts';
import { isRoot, type Scratch, scratch } from './scratch.ts';

const execute = promisify(execFile);
const entry = (path: string) => join(houseDir, path);
const pristine = entry('agent/pristine.js');

/** Agents of the crowd, in one process, and real ones. */
const crowdSize = 6;
export const agentCount = crowdSize + 2;
export const filesOfAgent = 60;
const folders = ['etc/app', 'usr/bin', 'srv'];

/**
 * A small fleet of real processes: a server, two agents, and a crowd of impatient ones, each with a root of its own; a proxy that
 * spoils frames and writes down the acks; and, as root, a small disk for the server's data and one for the agents' state.
 */
export interface CrashFleet {
  readonly directory: string;
  readonly url: string;
  readonly proxy: RecordingProxy;
  /** Whether disks can be filled. */
  readonly hasDisks: boolean;
  /** Ends of processes that nobody killed. */
  readonly falls: readonly string[];
  kill(victim: Victim): Promise<void>;
  start(victim: Victim): Promise<void>;
  setClock(victim: Victim, aheadMs: number): void;
  fill(disk: 'agents' | 'server'): void;
  empty(disk: 'agents' | 'server'): void;
  ctl(...args: readonly string[]): Promise<string>;
  /** Ends all processes. */
  close(): Promise<void>;
  /** What is on its disks too. */
  remove(): void;
}

export function fileOf(fleet: CrashFleet, where: 'image' | number, file: number): string {
  return join(fleet.directory, where === 'image' ? 'image' : `root-${where}`, nameOf(file));
}

function nameOf(file: number): string {
  return join(folders[file % folders.length]!, `file-${file}`);
}

export async function raiseCrashFleet(random: Random): Promise<CrashFleet> {
  const place = scratch();
  const directory = place.dir;
  const children = new Map<Victim, ChildProcess>();
  const falls: string[] = [];
  const disks = { agents: join(directory, 'agents'), server: join(directory, 'data') };
  mountDisks(place, disks);
  await bakeImage(directory);
  const port = await freePort(random);
  const url = `http://127.0.0.1:${port}`;
  const proxy = await startRecordingProxy(`ws://127.0.0.1:${port}`);

  const run = (victim: Victim, args: readonly string[]): void => {
    const child = spawn(process.execPath, ['--import', entry('test/support/jumping-clock.ts'), ...args], {
      env: { ...process.env, TEST_CLOCK_FILE: join(directory, `clock-${victim}`) },
      stdio: ['ignore', 'ignore', openSync(join(directory, `${victim}.log`), 'a')],
    });
    children.set(victim, child);
    child.once('exit', (code, signal) => {
      if (children.get(victim) !== child) return;
      falls.push(`${victim} ended with ${code ?? signal}`);
      // As a service manager does: an agent on a full disk cannot begin.
      void systemClock.sleep(200).then(() => children.get(victim) === child && run(victim, args));
    });
  };
  const start = async (victim: Victim): Promise<void> => {
    const configs = (indexes: readonly number[]) => indexes.map((index) => join(directory, `agent-${index}.yaml`));
    if (victim === 'crowd')
      return run(victim, [entry('test/support/crash-agents.ts'), ...configs([...Array(crowdSize).keys()])]);
    if (victim !== 'server')
      return run(victim, [pristine, 'run', '--config', ...configs([crowdSize + Number(victim.at(-1))])]);
    run(victim, [entry('server/pristine-server.js'), 'serve', '--listen', `127.0.0.1:${port}`, '--data', disks.server]);
    await untilFact(
      async () => (await fetch(`${url}/readyz`)).ok,
      () => `the server to be ready: ${readFileSync(join(directory, 'server.log'), 'utf8').slice(-2_000)}`,
      60_000,
    );
  };
  const fleet: CrashFleet = {
    ...{ directory, url, proxy, hasDisks: isRoot, falls, start },
    kill: async (victim) => {
      const child = children.get(victim);
      children.delete(victim);
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
    setClock: (victim, aheadMs) => writeFileSync(join(directory, `clock-${victim}`), `${aheadMs}`),
    fill: (disk) => fillDisk(join(disks[disk], 'filler')),
    empty: (disk) => rmSync(join(disks[disk], 'filler'), { force: true }),
    async ctl(...args) {
      const env = { ...process.env, PRISTINE_SERVER: url, PRISTINE_TOKEN_FILE: join(disks.server, 'admin.token') };
      return (await execute(process.execPath, [entry('server/ctl/pristinectl.js'), ...args], { env })).stdout;
    },
    async close() {
      for (const victim of victims) await fleet.kill(victim);
      await proxy.close();
    },
    remove: place.remove,
  };
  process.once('exit', () => {
    for (const child of children.values()) child.kill('SIGKILL');
  });
  await start('server');
  await enrolAll(fleet, directory, proxy.url);
  for (const victim of victims.slice(1)) await start(victim);
  return fleet;
}

async function bakeImage(directory: string): Promise<void> {
  const root = join(directory, 'image');
  for (const folder of [...folders, 'tmp']) mkdirSync(join(root, folder), { recursive: true });
  for (let file = 0; file < filesOfAgent; file++) writeFileSync(join(root, nameOf(file)), `baked ${file}\n`);
  await execute(process.execPath, [pristine, 'keygen', '--out', join(directory, 'image-key')]);
  const image = ['--root', root, '--image', 'crash', '--image-version', '1', '--out', join(directory, 'manifest')];
  await execute(process.execPath, [pristine, 'bake', ...image, '--key', join(directory, 'image-key.key')]);
}

async function enrolAll(fleet: CrashFleet, directory: string, server: string): Promise<void> {
  const group = join(directory, 'group.yaml');
  const provider = `{type: local, directory: ${directory}/unused, images: {}}`;
  writeFileSync(group, `kind: Group\nname: crash\nprovider: ${provider}\nimages: {stable: crash@1}\n`);
  await fleet.ctl('keys', 'trust', join(directory, 'image-key.pub'));
  await fleet.ctl('images', 'push', join(directory, 'manifest'));
  await fleet.ctl('apply', '-f', group);
  for (let index = 0; index < agentCount; index++) {
    cpSync(join(directory, 'image'), join(directory, `root-${index}`), { recursive: true, preserveTimestamps: true });
    const created = await fleet.ctl('tokens', 'create', '--group', 'crash', '--image', 'crash@1', '--json');
    writeFileSync(join(directory, `token-${index}`), JSON.parse(created).token, { mode: 0o600 });
    const config = {
      ...{ server, root: `${directory}/root-${index}`, manifest: `${directory}/manifest` },
      ...{ pub: `${directory}/image-key.pub`, stateDir: `${directory}/agents/${index}` },
      ...{ joinTokenFile: `${directory}/token-${index}`, sweepEvery: '1h', watch: 'inotify' },
    };
    writeFileSync(join(directory, `agent-${index}.yaml`), JSON.stringify(config));
  }
}

/** Small, so that they are full at once. */
function mountDisks({ mount }: Scratch, disks: { readonly agents: string; readonly server: string }): void {
  for (const disk of Object.values(disks)) mkdirSync(disk, { mode: 0o700 });
  if (!isRoot) return;
  mount(['-t', 'tmpfs', '-o', 'size=32m,mode=0700', 'tmpfs'], disks.agents);
  mount(['-t', 'tmpfs', '-o', 'size=256m,mode=0700', 'tmpfs'], disks.server);
}

export async function untilFact(fact: () => Promise<boolean>, what: () => string, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await fact().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms for ${what()}`);
    await systemClock.sleep(50);
  }
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
