import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openDatabase } from '../../server/store/database.ts';
import { openFindings } from '../../server/store/finding-store.ts';
import { findInstanceByKey } from '../../server/store/instance-store.ts';
import { keyId, parsePublicKeys } from '../../shared/dsse.ts';
import { reconnectMsMax } from '../../shared/protocol.ts';
import { aChurningAgent, type ChurningAgent } from '../support/churning-agent.ts';
import { aDirectoryInMemory } from '../support/directory.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { aGatewayHouse, type GatewayHouse } from '../support/gateway-house.ts';
import { seededRandom, testSeed } from '../support/random.ts';

const agentsMax = Number(process.env['PRISTINE_TEST_AGENTS'] ?? 1_000);
/** Agents on whose machines ten files a second change, of so many. */
const busy = { agents: 2, files: 2_000 };
const calm = { files: 20 };
const limits = { untoldScansMax: 8 };
const stepMs = 1_000;
const awayMs = 3_600_000;
/** Real time without any progress: what is left waits for virtual time. */
const stillMs = 40;

const clock = createFakeClock();
const agents: ChurningAgent[] = [];
let house: GatewayHouse;
afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.stop()));
  await house?.close();
});

it(`ends exact on ${agentsMax} agents after an hour without a server, in which their files went on changing`, {
  timeout: 900_000,
}, async () => {
  const random = seededRandom(testSeed());
  const directory = aDirectoryInMemory();
  const open = () => openDatabase({ file: join(directory, 'pristine.db') });
  house = await aGatewayHouse({ db: await open(), clock });
  const { url } = house;
  const joinToken = await house.aToken({ usesMax: agentsMax });
  for (let n = 0; n < agentsMax; n++) {
    const files = n < busy.agents ? busy.files : calm.files;
    const place = join(directory, `agent-${n}`);
    agents.push(await aChurningAgent({ directory: place, url, joinToken, files, clock, random, limits }));
    await agents.at(-1)!.sweep();
  }
  await pass(() => agents.every(({ connection, spool }) => connection === 'connected' && spool.reports === 0));

  await house.close();
  const leftAt = clock.monotonic();
  const busySizes: number[] = [];
  while (clock.monotonic() - leftAt < awayMs) {
    const second = Math.round((clock.monotonic() - leftAt) / stepMs);
    for (const [n, agent] of agents.entries()) {
      if (n < busy.agents ? second % 5 === 0 : (second + n) % 120 === 0)
        await agent.churn(n < busy.agents ? 50 : 1 + random.below(3));
    }
    if (second % 600 === 599) busySizes.push(agents[0]!.spool.bytes);
    await step();
  }
  const backAt = clock.monotonic();
  house = await aGatewayHouse({ db: await open(), clock, port: Number(new URL(url).port) });
  await pass(() => agents.every(({ connection, spool }) => connection === 'connected' && spool.reports === 0));
  const allBackMs = clock.monotonic() - backAt;

  for (const { publicKey, truth, reporter } of agents) {
    const instance = (await findInstanceByKey(house.db, keyId(parsePublicKeys(publicKey)[0]!)))!;
    const known = (await openFindings(house.db, instance.id)).map(({ fingerprint }) => fingerprint).sort();
    expect(known).toEqual(truth());
    expect(instance.verdict).toBe(reporter.verdict);
  }
  const events = await house.db.selectFrom('event').select(['type', 'data']).execute();
  expect(events.filter(({ type }) => type === 'instance.liveness')).toEqual([]);
  const merged = agents.map(({ reporter }) => reporter.history.merged).reduce((sum, one) => sum + one, 0);
  const gaps = events.filter(({ type }) => type === 'instance.spool').flatMap(({ data }) => JSON.parse(data).gaps);
  expect(gaps.every(({ reason }) => reason === 'merged')).toBe(true);
  const told = gaps.reduce((sum, { reports }) => sum + reports, 0);
  expect(told).toBeGreaterThanOrEqual(merged);
  expect(agents.reduce((sum, { reporter }) => sum + reporter.history.lost, 0)).toBe(0);

  // As many subjects as there are files, each told twice at most, beside scans that are not merged yet.
  const bytesMax = (files: number) => 2 * files * 900 + 600_000;
  for (const [n, { peak }] of agents.entries()) {
    expect(peak.bytes).toBeLessThan(bytesMax(n < busy.agents ? busy.files : calm.files));
    expect(peak.reports).toBeLessThan(32);
  }
  expect(busySizes.at(-1)!).toBeLessThan(1.2 * busySizes[1]!);

  const returns = agents.map(({ welcomes }) => welcomes.find((at) => at >= backAt)! - backAt);
  expect(Math.max(...returns)).toBeLessThanOrEqual(reconnectMsMax + 10_000);
  const inTenSeconds = returns.map((at) => returns.filter((other) => other >= at && other < at + 10_000).length);
  expect(Math.max(...inTenSeconds)).toBeLessThan(Math.max(10, agentsMax * 0.15));
  console.log(
    `${agentsMax} agents told ${agents.reduce((sum, agent) => sum + agent.told, 0)} scans, ${merged} of them together with others;`,
    `spool of a busy agent each ten minutes: ${busySizes.join(', ')} bytes; all delivered after ${allBackMs / 1_000} virtual s,`,
    `at most ${Math.max(...inTenSeconds)} returns in ten seconds`,
  );
});

async function pass(fact: () => boolean): Promise<void> {
  for (let steps = 0; !fact(); steps++) {
    if (steps > 1_200) throw new Error('waited twenty virtual minutes for a fact');
    await step();
  }
}

/** A second passes, and everybody does what there is to do in it. */
async function step(): Promise<void> {
  clock.advance(stepMs);
  const left = () =>
    agents.reduce((sum, { connection, spool }) => {
      if (connection === 'connecting') return sum + 1_000;
      return sum + (connection === 'connected' ? spool.reports : 0);
    }, 0);
  let before = left();
  let changedAt = performance.now();
  // Those that the clock woke begin to work only now.
  await new Promise((resolve) => setImmediate(resolve));
  while (left() > 0 && performance.now() - changedAt < stillMs) {
    await new Promise((resolve) => setImmediate(resolve));
    if (left() === before) continue;
    before = left();
    changedAt = performance.now();
  }
}
