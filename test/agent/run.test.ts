import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryPrefix } from '../../agent/state/durable-file.ts';
import { machineFiles } from '../../agent/state/former-machine.ts';
import { Status } from '../../agent/status.ts';
import { CloseCode } from '../../shared/protocol.ts';
import { Report } from '../../shared/report.ts';
import { stateDigest } from '../../shared/state-digest.ts';
import { aDirectory } from '../support/directory.ts';
import { type GatewayDouble, startGatewayDouble } from '../support/gateway-double.ts';
import { knownIn } from '../support/known-state.ts';
import { bakeSigned, entryFile, keygen, pristine } from '../support/pristine-cli.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { until } from '../support/until.ts';

const crashRounds = Number(process.env['PRISTINE_TEST_ROUNDS'] ?? 12);

let image: string;
let manifest: string;
let pub: string;
let directory: string;
let root: string;
let config: string;
let gateway: GatewayDouble;
let agents: ChildProcess[];

beforeAll(async () => {
  const place = aDirectory();
  image = join(place, 'root');
  manifest = join(place, 'manifest');
  for (const folder of ['etc', 'usr/bin', 'srv']) mkdirSync(join(image, folder), { recursive: true });
  for (let n = 0; n < 12; n++) writeFileSync(join(image, fileOf(n)), `baked ${n}\n`);
  const keys = await keygen(join(place, 'key'));
  pub = keys.pub;
  await bakeSigned({ root: image, out: manifest, key: keys.key });
});

beforeEach(async () => {
  directory = aDirectory();
  root = join(directory, 'root');
  config = join(directory, 'agent.yaml');
  cpSync(image, root, { recursive: true, preserveTimestamps: true });
  writeFileSync(join(directory, 'token'), 'a-join-token\n', { mode: 0o600 });
  gateway = await startGatewayDouble();
  agents = [];
  configure();
});
afterEach(async () => {
  for (const agent of agents) agent.kill('SIGKILL');
  await gateway.stop();
});

describe('pristine run', { timeout: 120_000 }, () => {
  it('enrols, reports a full sweep, then a change nobody told it of, and ends cleanly when stopped', async () => {
    const agent = start();
    await until(() => gateway.stored.length === 1);
    await until(() => readStatus()?.watcher.state === 'watching');

    writeFileSync(join(root, fileOf(1)), 'changed\n');
    await until(() => gateway.stored.length === 2);
    const stoppedAt = performance.now();
    agent.kill('SIGTERM');

    expect(await ended(agent)).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(2_000);
    expect(gateway.hellos[0]).toMatchObject({ boot: 1, enrolment: { by: 'token', token: 'a-join-token' }, rules: 1 });
    expect(gateway.stored[0]).toMatchObject({ boot: 1, seq: 1, full: true, opened: [] });
    expect(gateway.stored[1]).toMatchObject({ full: false, opened: [{ name: `/${fileOf(1)}`, change: 'modified' }] });
    expect(gateway.problems).toEqual([]);
    expect(readFileSync(join(directory, 'agent.log'), 'utf8')).not.toContain('a-join-token');
  });

  it('keeps a finding that a hole hides, over a restart too', async () => {
    const folder = join(root, 'etc');
    writeFileSync(join(root, fileOf(0)), 'changed\n');
    const first = start();
    await until(() => gateway.stored.length === 1);
    first.kill('SIGKILL');
    await ended(first);

    // Not a directory any more for a reader that has no way in: what was found beneath must stand.
    const known = knownIn(readFileSync(join(directory, 'state/known-state.ndjson'), 'utf8'));
    expect(known.open).toHaveLength(1);
    chmodSync(folder, 0o000);
    const second = start(process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all'] : []);
    await until(() => gateway.stored.some(({ boot, full }) => boot === 2 && full));
    second.kill('SIGKILL');
    await ended(second);
    chmodSync(folder, 0o755);

    const last = gateway.stored.find(({ boot }) => boot === 2)!;
    expect(last.coverage.holes).toContainEqual({ subject: 'file', name: '/etc', reason: 'unreadable' });
    expect(last.opened.map(({ name }) => name)).toContain(`/${fileOf(0)}`);
  });

  it('is another instance to the server where its state directory was carried to another machine', async () => {
    const first = start();
    await until(() => gateway.stored.length === 1);
    first.kill('SIGKILL');
    await ended(first);
    const kept = ['lock', 'machine.json', 'rules.dsse.json'];
    const left = readdirSync(join(directory, 'state')).filter(
      // Half-written files of whoever was killed go with the next start, whatever they were to be.
      (name) => !kept.includes(name) && !name.startsWith(temporaryPrefix),
    );
    writeFileSync(join(root, fileOf(0)), 'changed\n');

    const record = join(directory, 'state/machine.json');
    const { parts, ...rest } = JSON.parse(readFileSync(record, 'utf8'));
    const elsewhere = Object.fromEntries(Object.keys(parts).map((part) => [part, `sha256:${'0'.repeat(64)}`]));
    // Where a machine shows nothing of itself, nobody can say whose this is.
    if (Object.keys(parts).length === 0) rmSync(record);
    else writeFileSync(record, JSON.stringify({ ...rest, parts: elsewhere }));
    gateway.last = null;
    start();

    await until(() => gateway.stored.length === 2);
    const [before, after] = gateway.hellos;
    expect(after?.publicKey).not.toBe(before?.publicKey);
    expect(after).toMatchObject({ boot: 1, enrolment: { by: 'token', token: 'a-join-token' } });
    expect(gateway.stored[1]).toMatchObject({ boot: 1, seq: 1, full: true, opened: [{ name: `/${fileOf(0)}` }] });
    expect(readFileSync(join(directory, 'agent.log'), 'utf8')).toContain('of another machine');
    // Whatever an agent comes to keep there must be known for what it is.
    expect(left.filter((name) => !machineFiles.includes(name))).toEqual([]);
  });

  it('refuses to share its state directory', async () => {
    start();
    await until(() => gateway.stored.length === 1);

    const second = await pristine(['run', '--config', config]);

    expect([second.code, second.stderr]).toEqual([2, expect.stringContaining('CONFLICT')]);
  });

  it.each([
    ['a config that is not there', () => rmSync(config), 2],
    ['a config with an unknown key', () => writeFileSync(config, 'server: wss://x\nservr: y\n'), 2],
    ['a manifest that is not there', () => configure({ manifest: '/nonexistent' }), 3],
    ['a key that is not trusted', () => configure({ pub: '/nonexistent' }), 2],
  ])('does not start with %s', async (_what, spoil, code) => {
    spoil();

    const run = await pristine(['run', '--config', config]);

    expect(run.code).toBe(code);
    expect(gateway.hellos).toEqual([]);
  });

  it('loses no acked report and tells none twice, killed at any moment', async () => {
    const random = seededRandom(testSeed());

    for (let round = 0; round < crashRounds; round++) {
      gateway.faults.dropAcks = random.next() < 0.3;
      const agent = start();
      // Mostly once reports flow; now and then while it starts, or sweeps for the first time.
      const when = random.next();
      if (when > 0.2) await until(() => readStatus()?.pid === agent.pid);
      if (when > 0.4) await until(() => readStatus()?.lastSweep != null);
      const begun = performance.now();
      const lifetimeMs = random.below(1_500);
      while (performance.now() - begun < lifetimeMs) {
        mutate(random.below(12), random.below(3));
        await new Promise((resolve) => setTimeout(resolve, random.below(200)));
      }
      agent.kill('SIGKILL');
      await ended(agent);
    }
    gateway.faults.dropAcks = false;
    const agent = start();
    const truth = await verify();
    await until(() => {
      const status = readStatus();
      return status?.pid === agent.pid && status?.spool.reports === 0 && status.lastSweep !== null;
    });
    agent.kill('SIGTERM');
    await ended(agent);

    expect(gateway.problems).toEqual([]);
    const places = gateway.stored.map(({ boot, seq }) => `${boot}-${seq}`);
    expect(new Set(places).size).toBe(places.length);
    for (const { boot, seq } of gateway.acked) expect(places).toContain(`${boot}-${seq}`);
    const boots = gateway.hellos.map(({ boot }) => boot);
    expect(boots).toEqual(boots.toSorted((a, b) => a - b));
    expect(new Set(boots).size).toBe(boots.length);
    expect(gateway.acked.length).toBeGreaterThan(crashRounds / 3);
    const fingerprints = truth.findings.map(({ fingerprint }) => fingerprint);
    const { image: baked, coverage } = truth;
    expect(gateway.stored.at(-1)!.stateDigest).toBe(
      stateDigest({ manifest: baked!.digest, rules: 1, fingerprints, holes: coverage.holes }),
    );
    expect(readdirSync(join(directory, 'state/spool'))).toEqual([]);
  });
});

describe('pristine run --once', { timeout: 120_000 }, () => {
  it.each([
    ['0 when it is in sync', () => undefined, 0],
    ['1 when it drifted', () => writeFileSync(join(root, fileOf(3)), 'changed'), 1],
  ])('ends with %s, with all delivered', async (_what, spoil, code) => {
    spoil();

    const run = await once();

    expect(run.code).toBe(code);
    expect(gateway.acked).toEqual([{ boot: 1, seq: 1 }]);
    expect(readdirSync(join(directory, 'state/spool'))).toEqual([]);
  });

  it('delivers what an earlier run could not', async () => {
    gateway.faults.refuseWith = CloseCode.unauthorized;
    expect((await once()).code).toBe(5);
    gateway.faults.refuseWith = undefined;

    expect((await once()).code).toBe(0);

    const places = gateway.stored.map(({ boot, seq }) => [boot, seq]);
    expect(places.at(-1)).toEqual([2, 1]);
  });

  it('ends with 5 when it is refused', async () => {
    gateway.faults.refuseWith = CloseCode.retired;

    expect((await once()).code).toBe(5);
    expect(readStatus()?.connection.state).toBe('refused');
  });

  it('ends with 4 when the server cannot be reached, and keeps its report', async () => {
    await gateway.stop();

    const run = await once();

    await gateway.start();
    expect(run.code).toBe(4);
    expect(readdirSync(join(directory, 'state/spool'))).toEqual(['000000000001-000000000001.json']);
  });
});

describe('pristine status and wait', { timeout: 60_000 }, () => {
  it('say in_sync once the server has acked', async () => {
    start();

    const wait = await pristine(['wait', '--in-sync', '--config', config, '--timeout', '30s']);
    const status = await pristine(['status', '--config', config, '--json']);
    const text = await pristine(['status', '--config', config]);

    expect([wait.code, status.code, text.code]).toEqual([0, 0, 0]);
    expect(Status.parse(JSON.parse(status.stdout))).toMatchObject({
      verdict: 'in_sync',
      instanceId: 'instance-1',
      openFindings: 0,
      footprint: { limits: { sweepBytesPerSecondMax: 'none', sweepCpuShareMax: 'none', sweepHeapMax: 'none' } },
    });
    expect(text.stdout).toMatch(/^verdict +in_sync since /);
    expect(text.stdout).toMatch(/^costs +\d+ MiB; CPU \d+\.\d s.*; sweeps \d+ s$/m);
  });

  it('say drifted with 1, and wait no longer than asked', async () => {
    writeFileSync(join(root, fileOf(5)), 'changed');
    start();
    await until(() => readStatus()?.verdict === 'drifted');

    const status = await pristine(['status', '--config', config]);
    const wait = await pristine(['wait', '--in-sync', '--config', config, '--timeout', '200ms']);

    expect([status.code, wait.code]).toEqual([1, 1]);
  });

  it('say 3 when no agent is there, or has not been for long', async () => {
    expect((await pristine(['status', '--config', config])).code).toBe(3);
    await once();
    const path = join(directory, 'state/status.json');
    writeFileSync(path, JSON.stringify({ ...readStatus(), updatedAt: '2026-01-01T00:00:00.000Z' }));

    const status = await pristine(['status', '--config', config]);

    expect([status.code, status.stdout]).toEqual([3, expect.stringContaining('not to run')]);
  });

  it('refuse a timeout that is none', async () => {
    expect((await pristine(['wait', '--in-sync', '--config', config, '--timeout', 'soon'])).code).toBe(2);
  });
});

function fileOf(n: number): string {
  return join(['etc', 'usr/bin', 'srv'][n % 3]!, `file-${n}`);
}

function configure(overrides: Record<string, string> = {}): void {
  const settings = {
    server: gateway.url,
    root,
    manifest,
    pub,
    stateDir: join(directory, 'state'),
    joinTokenFile: join(directory, 'token'),
    ...overrides,
  };
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([key, value]) => `${key}: ${value}\n`)
      .join(''),
  );
}

function start(before: readonly string[] = []): ChildProcess {
  const [command, ...rest] = [...before, process.execPath, entryFile, 'run', '--config', config];
  const agent = spawn(command!, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
  agent.stderr!.on('data', (chunk: Buffer) => writeFileSync(join(directory, 'agent.log'), chunk, { flag: 'a' }));
  agents.push(agent);
  return agent;
}

function ended(agent: ChildProcess): Promise<number | null> {
  if (agent.exitCode !== null || agent.signalCode !== null) return Promise.resolve(agent.exitCode);
  return new Promise((resolve) => agent.once('exit', resolve));
}

function once() {
  return pristine(['run', '--config', config, '--once']);
}

async function verify(): Promise<Report> {
  const { stdout } = await pristine([
    'verify',
    '--root',
    root,
    '--manifest',
    manifest,
    '--pub',
    pub,
    '--format',
    'json',
  ]);
  return Report.parse(JSON.parse(stdout));
}

function readStatus(): Status | undefined {
  try {
    return Status.parse(JSON.parse(readFileSync(join(directory, 'state/status.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

function mutate(n: number, how: number): void {
  const path = join(root, fileOf(n));
  if (how === 0) writeFileSync(path, `changed ${n}\n`);
  else if (how === 1) rmSync(path, { force: true });
  else cpSync(join(image, fileOf(n)), path, { preserveTimestamps: true });
}
