import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { latestEventId } from '../../../server/store/event-store.ts';
import { findInstance } from '../../../server/store/instance-store.ts';
import { timestamp } from '../../../shared/clock.ts';
import { digestOf } from '../../../shared/digest.ts';
import { heartbeatEveryMs, reconnectMsMax, silentAfterMs } from '../../../shared/protocol.ts';
import { aTime } from '../../support/builders.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { aGatewayHouse, type GatewayHouse } from '../../support/gateway-house.ts';
import { aReport } from '../../support/reports.ts';
import { anAgentKey, connectAgent, deliver, type Line } from '../../support/scripted-agent.ts';
import { until } from '../../support/until.ts';

let clock: FakeClock;
let house: GatewayHouse;
let line: Line;
let id: string;

beforeEach(async () => {
  clock = createFakeClock();
  house = await aGatewayHouse({ clock });
  ({ line, id } = await connectAgent(house.url, anAgentKey(), { joinToken: await house.aToken() }));
});
afterEach(() => house.close());

const heartbeat = (seq: number, stateDigest: string | null) =>
  ({ type: 'heartbeat', boot: 1, seq, stateDigest }) as const;

/** Time as a process that runs sees it: in steps, each with what was due in it. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 5_000) {
    clock.advance(Math.min(left, 5_000));
    await latestEventId(house.db);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('presence', () => {
  it('is online, then silent after two missed heartbeats and a grace, then online again', async () => {
    await pass(silentAfterMs);
    expect(house.gateway.isOnline(id)).toBe(true);
    clock.advance(1);
    expect(house.gateway.isOnline(id)).toBe(false);
    await pass(heartbeatEveryMs);
    await until(async () => (await house.events('instance.liveness')).length === 1);

    line.send(heartbeat(0, null));
    await until(() => house.gateway.isOnline(id));
    clock.advance(heartbeatEveryMs);
    await until(async () => (await house.events('instance.liveness')).length === 2);
    expect((await house.events('instance.liveness')).map((event) => event.data)).toEqual([
      { from: 'online', to: 'silent' },
      { from: 'silent', to: 'online' },
    ]);
  });

  it('is written in batches, and at the end', async () => {
    clock.advance(5_000);
    line.send(heartbeat(0, null));
    await until(() => house.gateway.heardAt(id) === clock.now());
    expect(await findInstance(house.db, id)).toMatchObject({ lastSeenAt: aTime });

    await house.gateway.close();

    expect(await findInstance(house.db, id)).toMatchObject({ lastSeenAt: timestamp(clock.now()) });
  });

  it('flags nobody for a pause of its own, in which it heard nobody', async () => {
    clock.advance(600_000);
    await pass(silentAfterMs - 5_000);
    line.send(heartbeat(0, null));
    await until(() => house.gateway.isOnline(id));
    await pass(20_000);

    expect(await house.events('instance.liveness')).toEqual([]);
  });

  it('flags who stays away after a pause', async () => {
    clock.advance(600_000);

    await pass(reconnectMsMax + silentAfterMs + 20_000);

    await until(async () => (await house.events('instance.liveness')).length === 1);
  });

  it('flags nobody for a clock that jumps ten years to either side', async () => {
    const tenYearsMs = 10 * 365 * 86_400_000;
    for (const jump of [tenYearsMs, -2 * tenYearsMs]) {
      clock.jump(jump);
      await pass(20_000);
      line.send(heartbeat(0, null));
      await until(() => house.gateway.heardAt(id) === clock.now());
    }
    await pass(20_000);

    expect(await house.events('instance.liveness')).toEqual([]);
  });

  it('flags nobody for a restart, and who stays away after it', async () => {
    await house.gateway.close();
    clock.advance(600_000);
    const again = await aGatewayHouse({ clock, db: house.db });
    await pass(reconnectMsMax + silentAfterMs);
    expect(await house.events('instance.liveness')).toEqual([]);

    await pass(20_000);

    await until(async () => (await house.events('instance.liveness')).length === 1);
    await again.gateway.close();
  });

  it('has the report of one once both ends agree about its state: neither its hello nor its report says so yet', async () => {
    const report = aReport();
    await deliver(line, report);
    line.send(heartbeat(report.seq, digestOf('another state')));
    expect(await line.next()).toMatchObject({ type: 'scan', reason: 'state-mismatch' });
    expect(house.gateway.hasReported(id)).toBe(false);

    line.send(heartbeat(report.seq, report.stateDigest));

    await until(() => house.gateway.hasReported(id));
  });

  it.each<[string, (ms: number) => void]>([
    ['a pause in which its own clock stood still', (ms) => clock.jump(ms)],
    ['a pause', (ms) => clock.advance(ms)],
    ['a clock that was set back', (ms) => clock.jump(-ms)],
  ])('has the report of nobody after %s of more than a quarter of an hour', async (_, pause) => {
    const { seq, stateDigest } = aReport();
    await deliver(line, aReport());
    line.send(heartbeat(seq, stateDigest));
    await until(() => house.gateway.hasReported(id));

    pause(900_001);

    expect(house.gateway.hasReported(id)).toBe(false);
  });

  it('of one that hung up is not online', async () => {
    await line.close();

    await until(() => !house.gateway.isOnline(id));
    expect(house.gateway.requestScan(id)).toBe(false);
  });
});
