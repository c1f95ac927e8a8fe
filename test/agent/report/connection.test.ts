import { createServer, type Server } from 'node:net';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Connection,
  type ConnectionLimits,
  type ConnectionNotes,
  createConnection,
} from '../../../agent/report/connection.ts';
import { createServerTrust } from '../../../agent/report/server-trust.ts';
import { openSpool, type Place, type Spool } from '../../../agent/report/spool.ts';
import { loadIdentity } from '../../../agent/state/identity.ts';
import { systemClock } from '../../../shared/clock.ts';
import { digestOf } from '../../../shared/digest.ts';
import { CloseCode, frameBytesMax, type ReportMessage } from '../../../shared/protocol.ts';
import { aFinding } from '../../support/builders.ts';
import { aDirectory } from '../../support/directory.ts';
import { type GatewayDouble, startGatewayDouble } from '../../support/gateway-double.ts';
import { aReport } from '../../support/reports.ts';
import { until } from '../../support/until.ts';

let gateway: GatewayDouble;
let spool: Spool;
let stateDir: string;
let noted: string[];
let stop: AbortController;
let running: Promise<void> | undefined;
let last: Place;
let connection: Connection;

beforeEach(async () => {
  stateDir = aDirectory();
  spool = await openSpool(aDirectory());
  gateway = await startGatewayDouble();
  noted = [];
  last = { boot: 1, seq: 0 };
  stop = new AbortController();
  running = undefined;
});
afterEach(async () => {
  stop.abort();
  await running;
  await gateway.stop();
});

describe('the connection', () => {
  it('proves its key, and forgets a report when it is acked', async () => {
    await append(aReport({ boot: 1, seq: 1 }), aReport({ boot: 1, seq: 2, full: false }));

    await connect();

    await until(() => spool.reports === 0);
    expect(gateway.stored.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(gateway.problems).toEqual([]);
    expect(noted).toContain('welcome instance-1');
  });

  it('sends what is spooled later as soon as it is told', async () => {
    await connect();
    await until(() => noted.includes('connected'));

    await append(aReport({ boot: 1, seq: 1 }));
    connection.wake();

    await until(() => spool.reports === 0);
  });

  it('learns from the next welcome of a report whose ack was lost', async () => {
    gateway.faults.dropAcks = true;
    await append(aReport({ boot: 1, seq: 1 }));
    await connect({ ackMsMax: 50 });

    await until(() => spool.reports === 0);
    expect(gateway.hellos.length).toBeGreaterThan(1);
    expect(gateway.stored).toHaveLength(1);
    expect(gateway.problems).toEqual([]);
  });

  it('sends a report again that the server has and does not speak of', async () => {
    gateway.faults.dropAcks = true;
    gateway.faults.forgetful = true;
    await append(aReport({ boot: 1, seq: 1 }));
    await connect({ ackMsMax: 50 });
    await until(() => gateway.duplicates > 0);

    gateway.faults.dropAcks = false;

    await until(() => spool.reports === 0);
    expect(gateway.stored).toHaveLength(1);
  });

  it('takes acks that come twice', async () => {
    gateway.faults.doubleAcks = true;
    await append(...[1, 2, 3].map((seq) => aReport({ boot: 1, seq })));

    await connect();

    await until(() => spool.reports === 0);
    expect(gateway.stored.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(gateway.hellos).toHaveLength(1);
  });

  it('comes back when the server does, and delivers what was spooled meanwhile', async () => {
    await connect();
    await until(() => noted.includes('connected'));
    await gateway.stop();
    await until(() => noted.at(-1)?.startsWith('waiting') === true);
    await append(aReport({ boot: 1, seq: 1 }));

    await gateway.start();

    await until(() => spool.reports === 0);
  });

  it('leaves a half-open connection, on which nothing is heard any more', async () => {
    await connect({ silentMsMax: 100, heartbeatEveryMs: 30, handshakeMsMax: 50 });
    await until(() => noted.includes('connected'));

    gateway.faults.freeze = true;
    await until(() => noted.some((note) => note.includes('silent')));
    gateway.faults.freeze = false;

    await until(() => gateway.hellos.length === 2);
  });

  it('does not wait for ever for a peer that accepts and says nothing', async () => {
    const mute: Server = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => mute.once('listening', resolve));
    const { port } = mute.address() as { port: number };

    await connect({ handshakeMsMax: 50 }, `ws://127.0.0.1:${port}/agent/v1`);

    await until(() => noted.filter((note) => note.startsWith('waiting')).length >= 2);
    mute.close();
  });

  it('beats with the place and digest of the last acked report', async () => {
    const report = aReport({ boot: 1, seq: 1 });
    await append(report);
    await connect({ heartbeatEveryMs: 20 });

    await until(() => gateway.heartbeats.some(({ seq }) => seq === 1));

    expect(gateway.heartbeats.at(-1)).toEqual({ type: 'heartbeat', boot: 1, seq: 1, stateDigest: report.stateDigest });
  });

  it.each<[string, string | Buffer]>([
    ['what is not JSON', 'garbage {'],
    ['JSON of no schema', '{"type":"exec","command":"rm -rf /"}'],
    ['an unknown member', '{"type":"ack","boot":1,"seq":1,"path":"/etc/shadow"}'],
    ['a binary frame', Buffer.from([0, 1, 2])],
    ['an ack of what was never sent', '{"type":"ack","boot":1,"seq":99}'],
    ['a second welcome', '{"type":"welcome","instanceId":"x","acked":null,"credits":8}'],
    ['a number beyond counting', '{"type":"ack","boot":1,"seq":1e999}'],
    ['a frame that is too large', `"${'x'.repeat(frameBytesMax + 1)}"`],
  ])('closes on %s, and keeps what is spooled', async (_what, frame) => {
    gateway.faults.dropAcks = true;
    await append(aReport({ boot: 1, seq: 1 }));
    await connect();
    await until(() => gateway.stored.length === 1);

    gateway.send(frame);

    await until(() => gateway.hellos.length === 2);
    expect(gateway.stored).toHaveLength(1);
  });

  it('closes on garbage in place of the challenge', async () => {
    gateway.faults.firstFrame = '{"type":"welcome","instanceId":"x","acked":{"boot":1,"seq":1},"credits":8}';
    await append(aReport({ boot: 1, seq: 1 }));

    await connect();

    await until(() => noted.filter((note) => note.startsWith('waiting')).length >= 2);
    expect([spool.reports, gateway.hellos.length]).toEqual([1, 0]);
  });

  it.each([
    ['unauthorized', CloseCode.unauthorized],
    ['retired', CloseCode.retired],
  ])('notes that it is refused when it is %s, and tries only now and then', async (_what, code) => {
    gateway.faults.refuseWith = code;

    await connect({ backoffCapMs: 60_000 });

    await until(() => noted.some((note) => note.startsWith('refused')));
    expect(gateway.hellos).toHaveLength(1);
  });

  it.each([
    ['cannot store', CloseCode.tryLater],
    ['goes away', 1001],
  ])('tries again when the server %s', async (_what, code) => {
    gateway.faults.refuseReportsWith = code;
    await append(aReport({ boot: 1, seq: 1 }));
    await connect();
    await until(() => gateway.hellos.length >= 3);

    gateway.faults.refuseReportsWith = undefined;

    await until(() => spool.reports === 0);
  });

  it('comes again when a busy server has said so, and calls it no failure', async () => {
    gateway.faults.busyFor = '0';
    await append(aReport({ boot: 1, seq: 1 }));
    await connect({ backoffBaseMs: 3_600_000, backoffCapMs: 3_600_000 });
    await until(() => gateway.refusedUpgrades >= 3);

    gateway.faults.busyFor = undefined;

    await until(() => spool.reports === 0);
  });

  it('waits as long as a busy server says, and no longer than its own bound', async () => {
    gateway.faults.busyFor = '999999';
    await connect({ backoffCapMs: 20 });
    await until(() => gateway.refusedUpgrades >= 3);
    stop.abort();
    await running;
    const before = gateway.refusedUpgrades;
    // Whoever was stopped may have been refused without having heard of it.
    noted.splice(0);

    stop = new AbortController();
    await connect({ backoffCapMs: 3_600_000 });
    await until(() => noted.some((note) => note.startsWith('waiting')));

    expect(gateway.refusedUpgrades).toBe(before + 1);
  });

  it.each(['soon', '', '-1', '1e9', 'Sun, 29 Nov 2026 16:00:00 GMT'])(
    'takes Retry-After "%s" for no hint',
    async (text) => {
      gateway.faults.busyFor = text;
      await connect();
      await until(() => gateway.refusedUpgrades >= 2);

      gateway.faults.busyFor = undefined;

      await until(() => noted.includes('connected'));
    },
  );

  it('sends as many reports ahead of their acks as it has credit for, and more with each ack', async () => {
    gateway.faults.dropAcks = true;
    gateway.faults.credits = 3;
    await append(...[1, 2, 3, 4, 5, 6].map((seq) => aReport({ boot: 1, seq })));
    await connect({ heartbeatEveryMs: 20 });
    await until(() => gateway.stored.length === 3);
    await until(() => gateway.heartbeats.length > 2);
    expect([gateway.stored.length, spool.reports]).toEqual([3, 6]);

    gateway.send('{"type":"ack","boot":1,"seq":2}');

    await until(() => gateway.stored.length === 5);
    expect(spool.reports).toBe(4);
    await until(() => gateway.heartbeats.at(-1)?.seq === 2);
  });

  it('has few bytes ahead of a heartbeat, whatever is spooled', async () => {
    gateway.faults.dropAcks = true;
    const opened = Array.from({ length: 400 }, (_, n) => aFinding({ name: `/${'x'.repeat(500)}/${n}` }));
    await append(...[1, 2, 3].map((seq) => aReport({ boot: 1, seq, opened })));
    await connect({ heartbeatEveryMs: 20 });

    await until(() => gateway.heartbeats.length > 2);

    expect(gateway.stored).toHaveLength(1);
  });

  it('sends what was not acked again, in order, on the next connection', async () => {
    gateway.faults.dropAcks = true;
    gateway.faults.forgetful = true;
    await append(...[1, 2, 3].map((seq) => aReport({ boot: 1, seq })));
    await connect();
    await until(() => gateway.stored.length === 3);

    gateway.faults.dropAcks = false;
    gateway.closeAll(1001);

    await until(() => spool.reports === 0);
    expect([gateway.duplicates, gateway.problems]).toEqual([3, []]);
  });

  it('calls it a disagreement when the server misses reports before its own', async () => {
    await append(aReport({ boot: 1, seq: 5, full: false }));

    await connect();

    await until(() => noted.includes('disagreement null'));
  });

  it('calls it a disagreement when the server knows of later reports than it ever sent', async () => {
    gateway.last = { boot: 7, seq: 3 };

    await connect();

    await until(() => noted.includes('disagreement {"boot":7,"seq":3}'));
  });

  it('calls it a disagreement when one report is refused as malformed again and again', async () => {
    gateway.faults.refuseReportsWith = CloseCode.badMessage;
    await append(aReport({ boot: 1, seq: 1 }));

    await connect();

    await until(() => noted.includes('disagreement null'));
    const before = noted.slice(0, noted.indexOf('disagreement null'));
    expect(before.filter((note) => note.startsWith('waiting'))).toHaveLength(3);
  });

  it('passes on that a sweep is asked for', async () => {
    await connect();
    await until(() => noted.includes('connected'));

    gateway.send('{"type":"scan","reason":"requested"}');

    await until(() => noted.includes('scan requested'));
  });

  it('stops at once, also while it waits', async () => {
    await gateway.stop();
    await connect({ backoffBaseMs: 60_000, backoffCapMs: 60_000 });
    await until(() => noted.some((note) => note.startsWith('waiting')));

    stop.abort();

    await running;
    await gateway.start();
  });
});

async function append(...reports: readonly ReportMessage[]): Promise<void> {
  for (const { boot, seq } of reports) last = { boot, seq };
  await spool.append(reports);
}

async function connect(limits: Partial<ConnectionLimits> = {}, url = `${gateway.url}/agent/v1`): Promise<void> {
  const notes: ConnectionNotes = {
    state: (state, error) => noted.push(error === null ? state : `${state} ${error}`),
    welcome: (id) => noted.push(`welcome ${id}`),
    acked: () => undefined,
    scanRequested: ({ reason }) => noted.push(`scan ${reason}`),
    rulesOffered: ({ use }) => noted.push(`rules ${use}`),
    async disagreement(acked) {
      noted.push(`disagreement ${JSON.stringify(acked)}`);
      await spool.clear();
    },
  };
  connection = createConnection({
    url,
    trust: createServerTrust(undefined),
    identity: await loadIdentity(stateDir),
    hello: async () => ({ boot: 1, image: digestOf('web@7'), rules: 1, agentVersion: '0.1.0', facts: {} }),
    spool,
    lastPlace: () => last,
    notes,
    clock: systemClock,
    log: pino({ enabled: false }),
    limits: { backoffBaseMs: 1, backoffCapMs: 20, ...limits },
  });
  running = connection.run(stop.signal);
}
