import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createAdmission } from '../../../server/gateway/admission.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { aGatewayHouse } from '../../support/gateway-house.ts';
import { anAgentKey, connectAgent, openLine, sayHello } from '../../support/scripted-agent.ts';
import { until } from '../../support/until.ts';

const limits = { handshakesMax: 100, upgradesPerSecond: 10, burstUpgrades: 5, retryAfterMsMax: 60_000 };

describe('admission', () => {
  const clock = createFakeClock();

  it('lets a burst in, and tells the rest to come one after another', () => {
    const admission = createAdmission(limits, clock.monotonic);

    const answers = Array.from({ length: 8 }, () => admission.refuse(0));

    expect(answers).toEqual([...Array(5).fill(undefined), 100, 200, 300]);
  });

  it('lets in as many as its rate allows, and goes on in the row of those it has told', () => {
    const admission = createAdmission(limits, clock.monotonic);
    for (let n = 0; n < 10; n += 1) admission.refuse(0);

    clock.advance(200);
    const answers = Array.from({ length: 3 }, () => admission.refuse(0));

    expect(answers).toEqual([undefined, undefined, 400]);
  });

  it('spreads ten thousand who come at once over the time that they need', () => {
    const admission = createAdmission({ ...limits, upgradesPerSecond: 400, burstUpgrades: 400 }, clock.monotonic);

    const told = Array.from({ length: 10_000 }, () => admission.refuse(0) ?? 0);

    expect(Math.max(...told)).toBeCloseTo(24_000, -1);
    const perSecond = Map.groupBy(told, (ms) => Math.ceil(ms / 1_000));
    expect(Math.max(...[...perSecond.values()].map((of) => of.length))).toBeLessThanOrEqual(400);
  });

  it('tells nobody to wait longer than its bound, however many ask', () => {
    const admission = createAdmission({ ...limits, retryAfterMsMax: 1_000 }, clock.monotonic);

    const told = Array.from({ length: 1_000 }, () => admission.refuse(0) ?? 0);

    expect(Math.max(...told)).toBe(1_000);
    clock.advance(2_000);
    expect(admission.refuse(0)).toBeUndefined();
  });

  it('refuses while too many are unproven', () => {
    const admission = createAdmission(limits, clock.monotonic);

    expect([admission.refuse(100), admission.refuse(99)]).toEqual([100, undefined]);
  });
});

describe('the upgrade', () => {
  it('beyond the rate is answered 503 with whole seconds, and is possible when they are over', async () => {
    const clock = createFakeClock();
    const house = await aGatewayHouse({ clock, limits: { burstUpgrades: 1, upgradesPerSecond: 1 } });
    await openLine(house.url).next();

    expect([await upgrade(house.url), await upgrade(house.url)]).toEqual([
      { status: 503, retryAfter: '1' },
      { status: 503, retryAfter: '2' },
    ]);

    clock.advance(1_000);
    const joinToken = await house.aToken();
    const { answer } = await sayHello(house.url, anAgentKey(), { joinToken });
    expect(answer.type).toBe('welcome');
    await house.close();
  });

  it('costs nobody who is connected anything when it is refused', async () => {
    const house = await aGatewayHouse({ limits: { burstUpgrades: 1, upgradesPerSecond: 0.001 } });
    const { line, id } = await connectAgent(house.url, anAgentKey(), { joinToken: await house.aToken() });

    const refused = await Promise.all(Array.from({ length: 50 }, () => upgrade(house.url)));

    expect(refused.every(({ status }) => status === 503)).toBe(true);
    line.send({ type: 'heartbeat', boot: 1, seq: 0, stateDigest: null });
    await until(() => house.gateway.isOnline(id));
    await house.close();
  });
});

function upgrade(
  url: string,
): Promise<{ readonly status: number | undefined; readonly retryAfter: string | undefined }> {
  const socket = new WebSocket(url, ['pristine.v1']);
  socket.on('error', () => {});
  return new Promise((resolve) => {
    socket.on('open', () => resolve({ status: 101, retryAfter: undefined }));
    socket.on('unexpected-response', (_request, { statusCode, headers }) => {
      resolve({ status: statusCode, retryAfter: headers['retry-after'] });
    });
  });
}
