import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Config } from '../../server/config.ts';
import { agentPath } from '../../server/gateway/gateway.ts';
import { type RunningServer, startServer } from '../../server/main.ts';
import { applyDocument } from '../../server/store/apply.ts';
import { type Db, openDatabase } from '../../server/store/database.ts';
import { createToken } from '../../server/store/token-store.ts';
import type { PlanView } from '../../shared/api.ts';
import { Policy } from '../../shared/policy.ts';
import { aGroup, anImageDigest, aTime } from '../support/builders.ts';
import { aDirectory } from '../support/directory.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { createMemoryProvider, type MemoryProvider } from '../support/memory-provider.ts';
import { aReport } from '../support/reports.ts';
import { insertImage } from '../support/rows.ts';
import { type AgentKey, anAgentKey, connectAgent, deliver, type Line } from '../support/scripted-agent.ts';
import { until } from '../support/until.ts';

const minuteMs = 60_000;
const fleetSize = 10;

let clock: FakeClock;
let provider: MemoryProvider;
let data: string;
let db: Db;
let server: RunningServer;
let keys: readonly AgentKey[];
let lines: Line[];

async function start(): Promise<void> {
  lines = [];
  const config = Config.parse({ listen: '127.0.0.1:0', data, logLevel: 'silent', lookEvery: 'never' });
  server = await startServer(config, pino({ level: 'silent' }), clock, () => provider);
}

async function stop(): Promise<void> {
  await server.stop();
  await Promise.all(lines.map((line) => line.close()));
}

const agentUrl = () => `${server.url.replace('http', 'ws')}${agentPath}`;

/** Their agents come back and say that they are as they were. */
async function comeBack(from: number, to: number): Promise<void> {
  for (const key of keys.slice(from, to)) {
    const { line, acked } = await connectAgent(agentUrl(), key);
    lines.push(line);
    const { stateDigest } = aReport();
    line.send({ type: 'heartbeat', boot: 1, seq: acked!.seq, stateDigest });
  }
}

async function plan(): Promise<PlanView> {
  const authorization = `Bearer ${readFileSync(join(data, 'admin.token'), 'utf8').trim()}`;
  const answer = await fetch(`${server.url}/api/v1/groups/web/plan`, { headers: { authorization } });
  return (await answer.json()) as PlanView;
}

async function blockers(): Promise<readonly string[]> {
  return (await plan()).blocked.flatMap((each) => each.blockers.map(({ kind, message }) => `${kind}: ${message}`));
}

const replacements = () => db.selectFrom('replacement').select('old_instance_id').execute();

beforeEach(async () => {
  clock = createFakeClock(Date.parse(aTime));
  provider = createMemoryProvider();
  data = join(aDirectory(), 'data');
  await start();
  db = await openDatabase({ file: join(data, 'pristine.db') });
  await insertImage(db);
  await applyDocument(db, aGroup(), aTime);
  keys = Array.from({ length: fleetSize }, anAgentKey);
  for (const [n, key] of keys.entries()) {
    provider.add('web', `m-${n}`);
    const origin = { group: 'web', imageDigest: anImageDigest, labels: {}, providerId: `m-${n}` };
    const { token: joinToken } = await createToken(db, { ...origin, usesMax: 1, expiresInMs: minuteMs }, clock.now());
    const { line } = await connectAgent(agentUrl(), key, { joinToken });
    await deliver(line, aReport());
    lines.push(line);
  }
});
afterEach(async () => {
  await stop();
  await db.destroy();
});

/** One instance drifted while no server was there, and its policy would replace it at once. */
async function awayFor(ms: number): Promise<void> {
  await stop();
  clock.advance(ms);
  const triggers = [{ drift: { severity: 'low', settle: 0 } }];
  const policy = Policy.parse({ kind: 'Policy', name: 'web', select: { group: 'web' }, mode: 'enforce', triggers });
  await applyDocument(db, policy, aTime);
  await taint('m-0');
  await start();
}

async function taint(providerId: string): Promise<void> {
  const drifted = { taint_severity: 'high', taint_at: aTime };
  await db.updateTable('instance').set(drifted).where('provider_id', '=', providerId).execute();
}

it('replaces nobody after an absence of more than a quarter of an hour until nine of ten have reported', async () => {
  await awayFor(15 * minuteMs + 1);
  expect(await blockers()).toContainEqual(
    expect.stringMatching(/^server-away: .*from 2026-01-01T00:00:00.000Z.* 0 of 10 /),
  );

  await comeBack(0, 8);
  await until(async () => (await blockers()).some((each) => each.includes('8 of 10')));
  clock.advance(2 * minuteMs);
  expect((await blockers()).join()).toContain('server-away');

  // What had reported to the server before this one has to report again, though this absence was short.
  await stop();
  await start();
  await comeBack(0, 8);
  await until(async () => (await blockers()).some((each) => each.includes('8 of 10')));
  expect(await replacements()).toEqual([]);

  await comeBack(8, 10);
  await until(async () => {
    clock.advance(1_000);
    return (await replacements()).length === 1;
  });

  await stop();
  await start();
  await taint('m-1');
  expect(await blockers()).not.toEqual([]);
  expect((await blockers()).join()).not.toContain('server-away');
});

it('waits for nobody after a shorter absence', async () => {
  await awayFor(15 * minuteMs);
  clock.advance(minuteMs - 1);

  expect(await blockers()).not.toEqual([]);
  expect((await blockers()).join()).not.toContain('server-away');
});

it('waits for none of those whose machines were ended meanwhile', async () => {
  await awayFor(60 * minuteMs);
  for (const n of [1, 2, 3, 4, 5]) await provider.terminate(aGroup(), `m-${n}`);

  expect((await blockers()).join()).toContain('server-away');

  await comeBack(0, 1);
  await comeBack(6, 10);

  await until(async () => !(await blockers()).join().includes('server-away'));
});
