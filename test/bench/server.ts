import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { until } from '../support/until.ts';
import { calibrate } from './calibrate.ts';
import type { Figure } from './figure.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { percentile } from './percentile.ts';
import { prepareServer } from './prepare-server.ts';
import { cpuMsOf, rssOf } from './program.ts';
import { acked, enrol, expectStored, fleetProcesses, one } from './rates.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

const [heartbeatSeconds, paceSeconds] = [60, 20];
/** Of others, a second, while one agent sends its big sweep: what 10,000 agents send that sweep each 50 s. */
const pacePerSecond = 100;
const bigSweepFindings = 100_000;
/** 400 MB. */
const memoryMibMax = 381;

/**
 * The server's intake: the whole `pristine-server` on SQLite, as a process of its own, and agents with the connection that
 * agents have, over plain WebSocket on loopback. Nothing is faster here than it is on a machine of its own.
 */
export async function serverFiguresOf({
  work,
  agents,
  say,
}: {
  readonly work: string;
  readonly agents: number;
  say(what: string): void;
}): Promise<Figure[]> {
  const figures: Figure[] = [];
  const tell = (...told: readonly Figure[]) => {
    for (const { name, value, unit } of told) say(`  ${name}: ${value.toFixed(1)} ${unit}`);
    figures.push(...told);
  };
  say('a calibration loop');
  const before = calibrate(work);
  tell(
    { name: 'calibration: Ed25519 verifications', value: before.verifications, unit: '/s' },
    { name: 'calibration: durable commits', value: before.commits, unit: '/s' },
  );
  const { data, file, joinToken } = await prepareServer(join(work, 'server'), agents);
  let server = await startServerProcess(data, { sockets: agents });
  const fleet = startFleet(fleetProcesses);
  try {
    say(`${agents} agents enrol`);
    const enrolments = await enrol(fleet, { agents, url: server.url, joinToken });
    tell({ name: `enrolments of ${agents}`, value: enrolments, unit: '/s', target: { atLeast: 200 } });
    const first = await acked(fleet, server, 'sweeps', file);
    const memory = rssOf(server.pid) / 1_024;
    tell(
      { name: 'first clean sweeps, durable', value: first.perSecond, unit: '/s' },
      { name: `server with ${agents} agents: memory`, value: memory, unit: 'MiB', target: { atMost: memoryMibMax } },
    );

    say(`heartbeats for ${heartbeatSeconds} s`);
    const heartbeats = await beat(server, file);
    tell(
      { name: 'heartbeats: share of a core', value: heartbeats.percent, unit: '%', target: { atMost: 25 } },
      { name: 'heartbeats: rows written', value: heartbeats.rows, unit: 'rows', target: { atMost: 0 } },
    );

    say('clean sweeps, and checks that find something');
    for (const [what, name] of [
      ['sweeps', 'clean sweeps'],
      ['checks', 'checks with a finding'],
    ] as const) {
      const { perSecond, cpuUs } = await acked(fleet, server, what, file);
      tell(
        { name: `${name}, durable`, value: perSecond, unit: '/s', target: { atLeast: 2_000 } },
        { name: `${name}: processor time of each`, value: cpuUs, unit: 'µs' },
        { name: `${name} / durable commits`, value: perSecond / before.commits, unit: 'times' },
      );
    }

    say('a restart of the server');
    const restart = await restartServer(fleet, server, { data, agents });
    server = restart.server;
    tell(
      { name: `restart: ${agents} agents back`, value: restart.seconds, unit: 's', target: { atMost: 60 } },
      { name: 'restart: errors', value: restart.errors, unit: 'errors', target: { atMost: 0 } },
    );

    say(`a sweep with ${bigSweepFindings} findings, beside others`);
    const big = await bigSweep(fleet);
    await expectStored(fleet, file);
    tell(
      { name: `a sweep with ${bigSweepFindings} findings`, value: big.seconds, unit: 's' },
      { name: 'acks of others before it, p99', value: big.quiet, unit: 'ms' },
      { name: 'acks of others meanwhile, p99', value: big.beside, unit: 'ms' },
      { name: 'server meanwhile: peak memory', value: peakOf(server.pid) / 1_024, unit: 'MiB' },
    );
    const after = calibrate(work);
    tell(
      { name: 'calibration after it: Ed25519 verifications', value: after.verifications, unit: '/s' },
      { name: 'calibration after it: durable commits', value: after.commits, unit: '/s' },
    );
    return figures;
  } finally {
    fleet.end();
    await server.stop('SIGKILL');
  }
}

/** Processor time of the server, and rows that are new or changed, but for the time at which an agent was last heard. */
async function beat(server: ServerProcess, file: string): Promise<{ readonly percent: number; readonly rows: number }> {
  const rows = () => contentOf(file);
  const [before, cpuBefore, from] = [rows(), cpuMsOf(server.pid), performance.now()];
  await sleep(heartbeatSeconds * 1_000);
  const percent = ((cpuMsOf(server.pid) - cpuBefore) / (performance.now() - from)) * 100;
  const after = rows();
  return { percent, rows: after.filter((row, index) => row !== before[index]).length };
}

function contentOf(file: string): readonly string[] {
  const counted = ['event', 'report', 'evidence', 'finding', 'drift'].map((table) =>
    JSON.stringify(one(file, `select count(*) as n, '${table}' as name from ${table}`)),
  );
  const db = new Database(file, { readonly: true });
  const rows = db.prepare('select * from instance order by id').all([]) as Record<string, unknown>[];
  db.close();
  return [...counted, ...rows.map(({ last_seen_at: _, ...row }) => JSON.stringify(row))];
}

/** Errors are all ends of connections but: it stops, nobody listens, come again (in so many seconds). */
async function restartServer(
  fleet: Fleet,
  server: ServerProcess,
  { data, agents }: { readonly data: string; readonly agents: number },
) {
  await fleet.tell({ do: 'forget-ends' });
  await server.stop();
  const again = await startServerProcess(data, { port: Number(new URL(server.url).port), sockets: agents });
  const from = performance.now();
  await until(async () => {
    await sleep(200);
    return (await fleet.state()).connected === agents;
  });
  const { ends } = await fleet.state();
  const expected = /^closed with 1001|ECONNREFUSED|^the server is busy|^Unexpected server response: 503$/;
  const errors = Object.entries(ends).filter(([why]) => !expected.test(why));
  for (const [why, count] of errors) console.error(`bench: ${count} times: ${why}`);
  return {
    server: again,
    seconds: (performance.now() - from) / 1_000,
    errors: errors.reduce((sum, [, count]) => sum + count, 0),
  };
}

async function bigSweep(fleet: Fleet) {
  const others = fleetProcesses - 1;
  const pace = async (meanwhile: () => Promise<unknown>): Promise<number> => {
    const times = fleet.tellOne(others, { do: 'pace', perSecond: pacePerSecond });
    await meanwhile();
    await fleet.tellOne(others, { do: 'end-pace' });
    return percentile((await times) as number[], 0.99);
  };
  const quiet = await pace(() => sleep(paceSeconds * 1_000));
  let seconds = 0;
  const beside = await pace(async () => {
    seconds = ((await fleet.tellOne(0, { do: 'big-sweep', findings: bigSweepFindings })) as number) / 1_000;
  });
  return { seconds, quiet, beside };
}

/** KiB that were resident at most, as proc_pid_status(5) has them. */
function peakOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
