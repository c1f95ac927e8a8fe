import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { applyReport } from '../../../server/intake/apply-report.ts';
import { findInstance, setLifecycle } from '../../../server/store/instance-store.ts';
import { digestOf } from '../../../shared/digest.ts';
import { CloseCode } from '../../../shared/protocol.ts';
import { aFinding, aTime } from '../../support/builders.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { aGatewayHouse, type GatewayHouse } from '../../support/gateway-house.ts';
import { aReport } from '../../support/reports.ts';
import {
  type AgentKey,
  anAgentKey,
  connectAgent,
  deliver,
  type HelloOverrides,
  type Line,
  sayHello,
} from '../../support/scripted-agent.ts';
import { until } from '../../support/until.ts';

let clock: FakeClock;
let house: GatewayHouse;
let key: AgentKey;
let line: Line;
let id: string;

beforeEach(async () => {
  clock = createFakeClock();
  house = await aGatewayHouse({ clock });
  key = anAgentKey();
  ({ line, id } = await connect({ joinToken: await house.aToken() }));
});
afterEach(() => house.close());

const connect = (overrides: HelloOverrides = {}) => connectAgent(house.url, key, overrides);
const heartbeat = (seq: number, stateDigest: string | null) =>
  ({ type: 'heartbeat', boot: 1, seq, stateDigest }) as const;
const finding = aFinding();

describe('one connection an identity', () => {
  it('lets the newest valid proof win', async () => {
    const newer = await connect();

    expect(await line.next()).toMatchObject({ type: 'closed', code: CloseCode.replaced });
    expect(house.gateway.isOnline(id)).toBe(true);
    expect(await deliver(newer.line, aReport())).toMatchObject({ type: 'ack' });
  });

  it('keeps the older one when the newer proof is false', async () => {
    await sayHello(house.url, { ...anAgentKey(), publicKey: key.publicKey });

    expect(await deliver(line, aReport())).toMatchObject({ type: 'ack' });
  });

  it('says in the welcome what is stored', async () => {
    await deliver(line, aReport());
    const again = await connect({ boot: 2 });

    expect(again.acked).toEqual({ boot: 1, seq: 1 });
  });

  it('has one winner of many that come at once', async () => {
    const many = await Promise.all(Array.from({ length: 20 }, () => connect()));
    await line.next();

    let replaced = 0;
    for (const one of many) void one.line.next().then((arrival) => (replaced += arrival.type === 'closed' ? 1 : 0));
    await until(() => replaced === 19);

    expect(house.gateway.requestScan(id)).toBe(true);
    await until(() => many.filter((one) => one.line.socket.readyState === WebSocket.OPEN).length === 1);
  });
});

describe('retirement', () => {
  it('lets a connected agent go', async () => {
    await setLifecycle(house.db, id, 'retired', aTime);
    house.feed.wake();

    expect(await line.next()).toMatchObject({ type: 'closed', code: CloseCode.retired });
  });

  it('takes no report even before that', async () => {
    await setLifecycle(house.db, id, 'retired', aTime);

    expect(await deliver(line, aReport())).toMatchObject({ type: 'closed', code: CloseCode.retired });
  });

  it('refuses its key for ever', async () => {
    await setLifecycle(house.db, id, 'retired', aTime);
    const { answer } = await sayHello(house.url, key, { joinToken: await house.aToken() });

    expect(answer).toMatchObject({ type: 'closed', code: CloseCode.retired });
  });
});

describe('reports', () => {
  it('are acked after their commit', async () => {
    expect(await deliver(line, aReport({ opened: [finding] }))).toEqual({ type: 'ack', boot: 1, seq: 1 });

    expect(await findInstance(house.db, id)).toMatchObject({ seq: 1, verdict: 'drifted' });
  });

  it('are acked a second time, and applied once', async () => {
    const report = aReport({ opened: [finding] });
    await deliver(line, report);

    expect(await deliver(line, report)).toEqual({ type: 'ack', boot: 1, seq: 1 });
    expect(await house.events('drift.opened')).toHaveLength(1);
  });

  it('out of order close the connection, and say what is expected', async () => {
    await deliver(line, aReport());

    const answer = await deliver(line, aReport({ seq: 3, full: false }));

    expect(answer).toEqual({ type: 'closed', code: CloseCode.outOfOrder, reason: '{"boot":1,"seq":2}' });
  });

  it('are not acked when they cannot be stored, and are taken when they can', async () => {
    await house.db.schema.alterTable('instance').renameTo('gone').execute();
    const refused = await deliver(line, aReport());
    await house.db.schema.alterTable('gone').renameTo('instance').execute();

    expect(refused).toMatchObject({ type: 'closed', code: CloseCode.tryLater });
    expect(await deliver((await connect()).line, aReport())).toMatchObject({ type: 'ack' });
  });

  it('that were sent all at once are handled one by one, in order', async () => {
    for (let seq = 1; seq <= 50; seq += 1) line.send(aReport({ seq }));

    for (let seq = 1; seq <= 50; seq += 1) expect(await line.next()).toEqual({ type: 'ack', boot: 1, seq });
  });
});

describe('a heartbeat', () => {
  it('writes no row', async () => {
    const before = await findInstance(house.db, id);
    clock.advance(1_000);
    line.send(heartbeat(0, null));
    await until(() => house.gateway.heardAt(id) === clock.now());

    expect(await findInstance(house.db, id)).toEqual(before);
  });

  it('that disagrees makes the server ask for a sweep, but not again and again', async () => {
    await deliver(line, aReport());
    line.send(heartbeat(1, digestOf('other')));
    expect(await line.next()).toEqual({ type: 'scan', reason: 'state-mismatch' });

    line.send(heartbeat(1, digestOf('other')));
    line.send(aReport({ seq: 2 }));
    expect(await line.next()).toEqual({ type: 'ack', boot: 1, seq: 2 });

    clock.advance(60_000);
    line.send(heartbeat(2, digestOf('other')));
    expect(await line.next()).toEqual({ type: 'scan', reason: 'state-mismatch' });
  });

  it('that agrees, or is older than what is stored, makes it ask for nothing', async () => {
    await deliver(line, aReport());
    const { stateDigest } = aReport();
    line.send(heartbeat(1, stateDigest));
    line.send(heartbeat(0, digestOf('what was before')));
    line.send(aReport({ seq: 2 }));

    expect(await line.next()).toEqual({ type: 'ack', boot: 1, seq: 2 });
  });
});

it('asks for no sweep, whatever the heartbeats say, while an agent compares with another image', async () => {
  const other = await connect({ image: digestOf('another') });
  await deliver(other.line, aReport({ image: digestOf('another') }));
  other.line.send(heartbeat(1, digestOf('what the agent finds')));
  other.line.send(aReport({ image: digestOf('another'), seq: 2 }));

  expect(await other.line.next()).toEqual({ type: 'ack', boot: 1, seq: 2 });
});

it('passes on a scan that a person asks for', async () => {
  expect(house.gateway.requestScan(id)).toBe(true);

  expect(await line.next()).toEqual({ type: 'scan', reason: 'requested' });
});

it('is unverifiable when its agent comes back with another image', async () => {
  await deliver(line, aReport());
  await connect({ image: digestOf('another') });

  expect(await findInstance(house.db, id)).toMatchObject({ verdict: 'unverifiable' });
  expect((await house.events('instance.verdict')).at(-1)?.data).toEqual({ from: 'in_sync', to: 'unverifiable' });
});

it('reads no further from one that sends faster than its share, and goes on later', async () => {
  const small = await aGatewayHouse({ clock, limits: { burstBytes: 4_096, bytesPerSecond: 1_024 } });
  const { line, answer } = await sayHello(small.url, anAgentKey(), { joinToken: await small.aToken() });
  expect(answer.type).toBe('welcome');
  for (let seq = 1; seq <= 10; seq += 1) line.send(aReport({ seq }));
  const seen = { seq: 0 };
  const reading = (async () => {
    while (seen.seq < 10) {
      const arrival = await line.next();
      if (arrival.type === 'ack') seen.seq = arrival.seq;
    }
  })();
  await until(() => seen.seq === 4);

  await until(() => {
    clock.advance(1_000);
    return seen.seq === 10;
  });

  await reading;
  await small.close();
});

it('ends with 1001, and with everything stored that it acked', async () => {
  await deliver(line, aReport({ opened: [finding] }));
  await house.gateway.close();

  expect(await line.next()).toMatchObject({ type: 'closed', code: 1001 });
  const again = await applyReport(
    { db: house.db, now: clock.now(), evidenceTtlMs: 1 },
    id,
    aReport({ opened: [finding] }),
  );
  expect(again.kind).toBe('duplicate');
});
