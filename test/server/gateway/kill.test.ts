import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { openDatabase } from '../../../server/store/database.ts';
import { readEvents } from '../../../server/store/event-store.ts';
import { aFinding } from '../../support/builders.ts';
import { aDirectory } from '../../support/database.ts';
import { seededRandom, testSeed } from '../../support/random.ts';
import { anAgentKey } from '../../support/scripted-agent.ts';
import { aSpoolingAgent, type SpoolingAgent } from '../../support/spooling-agent.ts';

const rounds = Number(process.env['PRISTINE_TEST_ROUNDS'] ?? 5);
const agentsMax = 4;

it('has stored each acked report once, however often it is killed', { timeout: 60_000 + rounds * 5_000 }, async () => {
  const random = seededRandom(testSeed());
  const file = join(aDirectory(), 'pristine.db');
  const server = { url: '', joinToken: '' };
  const agents: SpoolingAgent[] = [];

  for (let round = 0; round < rounds; round += 1) {
    const child = await start(file, server);
    while (agents.length < agentsMax) agents.push(aSpoolingAgent(() => server.url, server.joinToken, anAgentKey()));
    const ended = once(child, 'exit');
    let untilKill = random.below(40);
    const onDelivered = () => {
      untilKill -= 1;
      // Some time into what comes next: a read, a statement, a commit, an ack.
      if (untilKill === 0) setTimeout(() => child.kill('SIGKILL'), random.below(8));
    };
    if (untilKill === 0) child.kill('SIGKILL');
    const isGone = () => child.exitCode ?? child.signalCode;
    const flows = agents.map((agent, n) => flow(agent, `${round}-${n}`, { isGone, ended }, onDelivered));
    await ended;
    await Promise.all(flows);

    await expectEachOnce(file, agents);
  }

  const acked = agents.flatMap((agent) => agent.made.filter((one) => one.isStored)).length;
  console.log(`${acked} reports acked over ${rounds} kills`);
  expect(acked).toBeGreaterThan(rounds);
});

/** Reports until the server is gone; each report opens a finding that nothing else has. */
async function flow(
  agent: SpoolingAgent,
  name: string,
  server: { isGone(): unknown; readonly ended: Promise<unknown> },
  onDelivered: () => void,
): Promise<void> {
  if (agent.made.length > 0) agent.boot();
  const found = (n: number) => [aFinding({ name: `/flow/${name}/${n}` })];
  try {
    agent.sweep(found(0), [], 1);
    for (let n = 1; !server.isGone(); n += 1) {
      await agent.deliver();
      onDelivered();
      agent.check(found(n), []);
    }
  } catch (error) {
    // The line breaks some time before the exit is known here; if it breaks without one, the server is at fault.
    await Promise.race([server.ended, sleep(10_000)]);
    if (!server.isGone()) throw error;
  }
}

async function start(file: string, server: { url: string; joinToken: string }): Promise<ChildProcess> {
  const program = join(import.meta.dirname, '../../support/gateway-process.ts');
  const child = spawn(process.execPath, [program, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(child.stdout!), 'line');
  const said = JSON.parse(line);
  server.url = said.url;
  server.joinToken ||= said.joinToken;
  return child;
}

async function expectEachOnce(file: string, agents: readonly SpoolingAgent[]): Promise<void> {
  const db = await openDatabase({ file });
  const check = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(db);
  expect(check.rows).toEqual([{ integrity_check: 'ok' }]);

  const rows = await db.selectFrom('report').select(['scan_id', 'opened']).execute();
  const stored = new Set(rows.map((row) => row.scan_id));
  const acked = agents.flatMap((agent) => agent.made.flatMap((one) => (one.isStored ? [one.report] : [])));
  expect(acked.filter((report) => !stored.has(report.scanId))).toEqual([]);

  const findings = await db.selectFrom('finding').select('fingerprint').execute();
  const events = await readEvents(db, { afterId: 0, limit: 1_000_000 });
  expect(rows.every((row) => row.opened === 1)).toBe(true);
  expect(stored.size).toBe(rows.length);
  expect(findings).toHaveLength(rows.length);
  expect(events.filter((event) => event.type === 'drift.opened')).toHaveLength(rows.length);
  await db.destroy();
}
