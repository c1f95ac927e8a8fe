import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { trust } from '../../../server/fleet/doubts.ts';
import { retire } from '../../../server/fleet/retire.ts';
import { revokeKey } from '../../../server/fleet/revoke-key.ts';
import { findInstance } from '../../../server/store/instance-store.ts';
import { CloseCode } from '../../../shared/protocol.ts';
import { aTime } from '../../support/builders.ts';
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

const now = Date.parse(aTime);
const copyProbeMs = 5_000;
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
  await deliver(line, aReport());
});
afterEach(() => house.close());

const connect = (overrides: HelloOverrides = {}) => connectAgent(house.url, key, overrides);
const instance = async () => (await findInstance(house.db, id))!;
const decision = (reason = 'a person looked') => ({ instanceId: id, reason, actor: 'admin' });

describe('one key on two live connections', () => {
  it('puts the instance in doubt: it is not clean, whichever of the two reports', async () => {
    expect(await instance()).toMatchObject({ verdict: 'in_sync', doubts: [] });
    const newer = await connect({ boot: 2 });

    await until(async () => (await instance()).doubts.length === 1);
    expect(await line.next()).toMatchObject({ type: 'closed', code: CloseCode.replaced });
    expect(await instance()).toMatchObject({ verdict: 'unverifiable', doubts: [{ kind: 'cloned-identity' }] });
    expect(await deliver(newer.line, aReport({ boot: 2 }))).toMatchObject({ type: 'ack', boot: 2 });
    expect(await instance()).toMatchObject({ verdict: 'unverifiable', boot: 2 });
    expect(await house.events('instance.doubted')).toMatchObject([
      { instanceId: id, data: { kind: 'cloned-identity', peers: ['127.0.0.1', '127.0.0.1'] } },
    ]);
  });

  it('is told once, however often the two chase each other', async () => {
    for (let n = 0; n < 4; n++) {
      const before = line;
      ({ line } = await connect());
      expect(await before.next()).toMatchObject({ type: 'closed', code: CloseCode.replaced });
    }

    await until(async () => (await instance()).doubts.length === 1);
    expect(await house.events('instance.doubted')).toHaveLength(1);
  });

  it('is not what an agent is that comes back while its old socket is half open', async () => {
    // Nobody reads there any more, and nothing told this end so.
    line.socket.pause();
    await connect();
    clock.advance(copyProbeMs);
    line.socket.resume();

    expect(await line.next()).toMatchObject({ type: 'closed', code: CloseCode.replaced });
    expect(await instance()).toMatchObject({ verdict: 'in_sync', doubts: [] });
    expect(house.gateway.isOnline(id)).toBe(true);
  });

  it('is not what an agent is that was closed before', async () => {
    await line.close();
    await connect();

    expect(await instance()).toMatchObject({ verdict: 'in_sync', doubts: [] });
  });

  it('is over when a person says so', async () => {
    await connect();
    await until(async () => (await instance()).doubts.length === 1);
    await trust(house.db, decision('the copy was a snapshot, now deleted'), now);

    expect(await instance()).toMatchObject({ verdict: 'in_sync', doubts: [] });
    expect(await house.events('instance.trusted')).toMatchObject([
      { instanceId: id, data: { kinds: ['cloned-identity'], reason: 'the copy was a snapshot, now deleted' } },
    ]);
    await expect(trust(house.db, decision(), now)).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('a revoked key', () => {
  it('closes the connection, and opens none any more, with a token or without', async () => {
    await revokeKey(house.db, decision('its disk was copied'), now);
    house.feed.wake();

    expect(await line.next()).toMatchObject({ type: 'closed', code: CloseCode.revoked });
    for (const joinToken of [undefined, await house.aToken()]) {
      const { answer } = await sayHello(house.url, key, joinToken === undefined ? {} : { joinToken });
      expect(answer).toMatchObject({ type: 'closed', code: CloseCode.revoked });
    }
    expect(await instance()).toMatchObject({ verdict: 'unverifiable', doubts: [{ kind: 'key-revoked' }] });
  });

  it('is not trusted again', async () => {
    await revokeKey(house.db, decision(), now);

    await expect(trust(house.db, decision(), now)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(revokeKey(house.db, decision(), now)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('leaves its machine the way to enrol with another', async () => {
    await revokeKey(house.db, decision(), now);
    key = anAgentKey();
    const anew = await connect({ joinToken: await house.aToken() });

    expect(anew.id).not.toBe(id);
  });
});

describe('an instance that a person retires', () => {
  it('is retired, and its agent goes', async () => {
    await retire(house.db, decision('imaged anew'), now);
    house.feed.wake();

    expect(await line.next()).toMatchObject({ type: 'closed', code: CloseCode.retired });
    expect(await instance()).toMatchObject({ lifecycle: 'retired' });
    expect(await house.events('instance.retired')).toMatchObject([{ data: { reason: 'imaged anew', actor: 'admin' } }]);
    await expect(retire(house.db, decision(), now)).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});
