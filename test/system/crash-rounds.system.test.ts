import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import type { Instance, InstanceFinding } from '../../shared/api.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Report } from '../../shared/report.ts';
import { isRestored } from '../../shared/restored.ts';
import {
  agentCount,
  type CrashFleet,
  fileOf,
  filesOfAgent,
  raiseCrashFleet,
  untilFact,
} from '../support/crash-fleet.ts';
import { planRound, type RoundFault, victims } from '../support/crash-plan.ts';
import { entryFile } from '../support/pristine-cli.ts';
import { type Random, seededRandom, testSeed } from '../support/random.ts';
import { agentOf, type RecordedReport } from '../support/recording-proxy.ts';

const rounds = Number(process.env['PRISTINE_TEST_ROUNDS'] ?? 200);
const execute = promisify(execFile);
let fleet: CrashFleet | undefined;
afterAll(async () => {
  await fleet?.close();
  fleet?.remove();
});

describe('crashes, bad lines, wrong clocks and full disks while reports flow', () => {
  it(`lose nothing that was acked, double nothing, and leave true verdicts, over ${rounds} rounds`, {
    timeout: 60_000 * Math.max(20, rounds / 20),
  }, async () => {
    const seed = testSeed();
    // Apart, so that what happens to files does not change which faults there are.
    const [faults, chances] = [seededRandom(seed), seededRandom(seed + 1)];
    fleet = await raiseCrashFleet(chances);
    const done: Record<string, number> = {};
    const startedAt = performance.now();

    for (let round = 1; round <= rounds; round++) {
      const fault = planRound(faults);
      done[fault.kind] = (done[fault.kind] ?? 0) + 1;
      mutateSome(fleet, chances);
      await systemClock.sleep(chances.below(200));
      await suffer(fleet, fault);
      await untilReportsFlow(fleet, chances);
      if (round % 20 === 0) console.log(progressOf(fleet, round, done, startedAt));
    }
    for (const victim of victims) fleet.setClock(victim, 0);
    mutateSome(fleet, chances);
    // A sweep that was dated by a clock of then is no evidence for now.
    for (const victim of victims) await fleet.kill(victim);
    for (const victim of victims) await fleet.start(victim);
    for (let index = 0; index < agentCount; index++) await expectTruth(fleet, index);
    await fleet.close();

    expectAckedStoredOnce(fleet);
    expect(fleet.falls.filter((fall) => !fall.startsWith('program'))).toEqual([]);
    const acked = new Set(fleet.proxy.acks.map(({ agent, boot, seq }) => `${agent} ${boot} ${seq}`));
    expect(acked.size).toBeGreaterThanOrEqual(rounds);
    console.log(`${progressOf(fleet, rounds, done, startedAt)}, ${acked.size} different reports acked, seed ${seed}`);
  });
});

async function suffer(fleet: CrashFleet, fault: RoundFault): Promise<void> {
  switch (fault.kind) {
    case 'kill':
      for (const victim of fault.victims) await fleet.kill(victim);
      for (const victim of fault.victims) await fleet.start(victim);
      return;
    case 'frames':
      for (const frame of fault.frames) fleet.proxy.spoil(frame);
      return;
    case 'clock':
      fleet.setClock(fault.of, fault.aheadMs);
      return;
    case 'full-disk':
      if (!fleet.hasDisks) return;
      fleet.fill(fault.of);
      await systemClock.sleep(fault.ms);
      fleet.empty(fault.of);
      return;
    default:
      fault satisfies never;
  }
}

/** Each round ends with an ack, so that the next fault falls among reports and not into a wait for a reconnect. */
async function untilReportsFlow(fleet: CrashFleet, random: Random): Promise<void> {
  const { proxy } = fleet;
  const before = proxy.acks.length;
  const deadline = performance.now() + 120_000;
  while (proxy.acks.length === before) {
    if (performance.now() > deadline) throw new Error('no report was acked within two minutes of a fault');
    mutateSome(fleet, random);
    await systemClock.sleep(100);
  }
}

function progressOf({ proxy, falls }: CrashFleet, round: number, done: Record<string, number>, since: number): string {
  const seconds = Math.round((performance.now() - since) / 1_000);
  const faults = Object.entries(done).map(([kind, times]) => `${times} ${kind}`);
  return `round ${round} after ${seconds} s: ${proxy.reports.length} reports, ${proxy.acks.length} acks; ${faults.join(', ')}; ${proxy.spoilt} frames spoilt, ${falls.length} programs ended by themselves`;
}

/** A few changes, and as often changes back, in roots that agents are watching. */
function mutateSome(fleet: CrashFleet, random: Random): void {
  for (let n = random.below(4); n >= 0; n--) {
    const file = random.below(filesOfAgent);
    const path = fileOf(fleet, random.below(agentCount), file);
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
        cpSync(fileOf(fleet, 'image', file), path, { preserveTimestamps: true });
        chmodSync(path, 0o644);
    }
  }
}

/**
 * What the server believes of an instance becomes what an independent verify of its root finds. That a file was written to and
 * is as baked again, only who watched it knows.
 */
async function expectTruth(fleet: CrashFleet, index: number): Promise<void> {
  const truth = await verify(fleet, index);
  const expected = { content: truth.verdict, open: truth.findings.map(({ fingerprint }) => fingerprint).sort() };
  let believed: unknown;
  await untilFact(
    async () => {
      believed = await belief(fleet, index);
      return JSON.stringify(believed) === JSON.stringify(expected);
    },
    () => `agent ${index}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(believed)}`,
    120_000,
  );
}

async function verify({ directory }: CrashFleet, index: number): Promise<Report> {
  const root = ['--root', join(directory, `root-${index}`), '--manifest', join(directory, 'manifest')];
  const args = [entryFile, 'verify', ...root, '--pub', join(directory, 'image-key.pub'), '--format', 'json'];
  const { stdout } = await execute(process.execPath, args).catch((error) => error);
  return JSON.parse(stdout);
}

async function belief(fleet: CrashFleet, index: number): Promise<unknown> {
  const status = readFileSync(join(fleet.directory, 'agents', `${index}`, 'status.json'), 'utf8');
  const key = JSON.parse(status).instanceId;
  const instance: Instance = await get(fleet, `instances/${key}`);
  const findings: { items: InstanceFinding[] } = await get(fleet, `instances/${key}/findings?open=true&limit=500`);
  const differing = findings.items.filter((finding) => !isRestored(finding));
  return { content: instance.content, open: differing.map(({ fingerprint }) => fingerprint).sort() };
}

async function get<T>({ directory, url }: CrashFleet, path: string): Promise<T> {
  const token = readFileSync(join(directory, 'data', 'admin.token'), 'utf8').trim();
  const response = await fetch(`${url}/api/v1/${path}`, { headers: { authorization: `Bearer ${token}` } });
  return (await response.json()) as T;
}

/** From the database itself: what an agent was told is stored, is stored; and once, because the key says so. */
function expectAckedStoredOnce({ directory, proxy }: CrashFleet): void {
  const db = new Database(join(directory, 'data', 'pristine.db'), { readonly: true });
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  const instances = db.prepare('select id, public_key, boot, seq from instance').all([]) as {
    readonly id: string;
    readonly public_key: string;
    readonly boot: number;
    readonly seq: number;
  }[];
  expect(instances).toHaveLength(agentCount);
  const byAgent = new Map(instances.map((row) => [agentOf(row.public_key), row]));
  const rows = 'select instance_id, boot, seq, count(*) as times from report group by instance_id, boot, seq';
  const stored = db.prepare(rows).all([]) as {
    readonly instance_id: string;
    readonly boot: number;
    readonly seq: number;
    readonly times: number;
  }[];
  const times = new Map(stored.map((row) => [`${row.instance_id} ${row.boot} ${row.seq}`, row.times]));
  const opening = firstToOpen(proxy.reports);
  for (const { agent, boot, seq } of proxy.acks) {
    const instance = byAgent.get(agent)!;
    expect(
      instance.boot > boot || (instance.boot === boot && instance.seq >= seq),
      `acked ${boot}-${seq}, stored up to ${instance.boot}-${instance.seq}`,
    ).toBe(true);
    if (opening.has(`${agent} ${boot} ${seq}`))
      expect(times.get(`${instance.id} ${boot} ${seq}`), `acked report ${boot}-${seq}`).toBe(1);
  }
  db.close();
}

/** The reports that were the first of their agent to tell of something: they leave a row. One that only says again what is open need not. */
function firstToOpen(reports: readonly RecordedReport[]): ReadonlySet<string> {
  const told = new Map<string, string>();
  for (const { agent, boot, seq, opened } of reports) {
    for (const fingerprint of opened) {
      const key = `${agent} ${fingerprint}`;
      if (!told.has(key)) told.set(key, `${agent} ${boot} ${seq}`);
    }
  }
  return new Set(told.values());
}
