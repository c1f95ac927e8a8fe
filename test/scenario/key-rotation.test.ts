import { sign } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConnection } from '../../agent/report/connection.ts';
import { createServerTrust } from '../../agent/report/server-trust.ts';
import { openSpool } from '../../agent/report/spool.ts';
import { loadIdentity, nextKeyName } from '../../agent/state/identity.ts';
import { readEvents } from '../../server/store/event-store.ts';
import { findInstance } from '../../server/store/instance-store.ts';
import { systemClock } from '../../shared/clock.ts';
import { CloseCode, helloBytes, nextKeyBytes } from '../../shared/protocol.ts';
import { anImageDigest } from '../support/builders.ts';
import { aDirectory } from '../support/database.ts';
import { aGatewayHouse, type GatewayHouse } from '../support/gateway-house.ts';
import { aHello, anAgentKey, openLine, sayHello } from '../support/scripted-agent.ts';
import { until } from '../support/until.ts';

let house: GatewayHouse;
let stateDir: string;
let joinToken: string;
let stop: AbortController;
let running: Promise<void>;
let id: string | undefined;
let refusals: string[];

beforeEach(async () => {
  house = await aGatewayHouse();
  stateDir = aDirectory();
  joinToken = await house.aToken();
  refusals = [];
  await start();
});
afterEach(async () => {
  await end();
  await house.close();
});

/** The agent's end of the protocol as it is, without what would be reported. */
async function start(): Promise<void> {
  stop = new AbortController();
  id = undefined;
  const connection = createConnection({
    url: house.url,
    trust: createServerTrust(undefined),
    identity: await loadIdentity(stateDir),
    hello: async () => ({
      ...{ boot: 1, image: anImageDigest, rules: 1, agentVersion: '0.1.0', facts: {} },
      enrolment: { by: 'token', token: joinToken },
    }),
    spool: await openSpool(aDirectory()),
    lastPlace: () => ({ boot: 1, seq: 0 }),
    notes: {
      state: (state) => {
        if (state === 'refused') refusals.push(state);
      },
      welcome: (instanceId) => {
        id = instanceId;
      },
      ...{ acked: () => undefined, scanRequested: () => undefined, rulesOffered: () => undefined },
      disagreement: async () => undefined,
    },
    clock: systemClock,
    log: pino({ enabled: false }),
    limits: { backoffBaseMs: 1, backoffCapMs: 20 },
  });
  running = connection.run(stop.signal);
  await until(() => id !== undefined);
}
async function end(): Promise<void> {
  stop.abort();
  await running;
}
const instance = async () => (await findInstance(house.db, id!))!;
const rotations = async () =>
  (await readEvents(house.db, { afterId: 0, limit: 100 })).filter(({ type }) => type === 'instance.key-rotated');

describe('another key', () => {
  it('takes the place of the one there was, when a person asks; the instance is the same', async () => {
    const before = await instance();
    expect(house.gateway.requestKey(before.id)).toBe(true);
    await until(async () => (await instance()).keyId !== before.keyId);
    await until(() => house.gateway.isOnline(before.id) && !readdirSync(stateDir).includes(nextKeyName));

    const after = await instance();
    expect(after).toEqual({ ...before, keyId: after.keyId, publicKey: after.publicKey, lastSeenAt: after.lastSeenAt });
    expect(await rotations()).toMatchObject([{ instanceId: before.id, data: { from: before.keyId, to: after.keyId } }]);
    await end();
    await start();
    expect(id).toBe(before.id);
  });

  it('is found again when the welcome that took it got lost', async () => {
    const before = await instance();
    await end();
    const identity = await loadIdentity(stateDir);
    await identity.prepareNext();
    const line = openLine(house.url);
    const challenge = await line.next();
    if (challenge.type !== 'challenge') throw new Error('expected a challenge');
    line.send({ ...aHello(anAgentKey(), challenge.nonce), ...identity.prove(challenge.nonce) });
    expect(await line.next()).toMatchObject({ type: 'welcome' });
    await line.close();

    await start();

    expect(id).toBe(before.id);
    expect(refusals).toEqual(['refused']);
    expect(readdirSync(stateDir)).not.toContain(nextKeyName);
    expect(await rotations()).toHaveLength(1);
  });

  it('leaves the former one without any use', async () => {
    await end();
    const former = anAgentKey();
    const enrolled = await sayHello(house.url, former, { joinToken: await house.aToken() });
    const other = anAgentKey();
    await enrolled.line.close();
    const rotated = await rotate(former, other);
    await rotated.line.close();

    const { answer } = await sayHello(house.url, former, { joinToken: await house.aToken() });

    expect(rotated.answer).toMatchObject({ type: 'welcome' });
    expect(answer).toMatchObject({ type: 'closed', code: CloseCode.revoked });
    expect((await sayHello(house.url, other)).answer).toEqual(rotated.answer);
  });

  it.each([
    ['of another instance', async () => enrolledKey()],
    [
      'that was another’s once',
      async () => {
        const former = await enrolledKey();
        await (await rotate(former, anAgentKey())).line.close();
        return former;
      },
    ],
  ])('%s is refused, and the one there was stays', async (_, taken) => {
    const key = await enrolledKey();

    const { answer } = await rotate(key, await taken());

    expect(answer).toMatchObject({ type: 'closed', code: CloseCode.unauthorized });
    expect((await sayHello(house.url, key)).answer).toMatchObject({ type: 'welcome' });
  });

  it('does not follow another one that has only just come, so that no agent fills the table of keys', async () => {
    const key = await enrolledKey();
    const next = anAgentKey();
    await (await rotate(key, next)).line.close();

    const { answer } = await rotate(next, anAgentKey());

    expect(answer).toMatchObject({ type: 'closed', code: CloseCode.tryLater });
    expect((await sayHello(house.url, next)).answer).toMatchObject({ type: 'welcome' });
    expect(await rotations()).toHaveLength(1);
  });

  it('that has not signed itself, or that the one there was has not signed for, is refused', async () => {
    const key = await enrolledKey();
    const next = anAgentKey();

    for (const spoil of ['own signature', 'signature for it'] as const) {
      const { answer } = await rotate(key, next, spoil);
      expect(answer, spoil).toMatchObject({ type: 'closed', code: CloseCode.unauthorized });
    }
  });
});

async function enrolledKey() {
  const key = anAgentKey();
  await (await sayHello(house.url, key, { joinToken: await house.aToken() })).line.close();
  return key;
}

async function rotate(
  key: ReturnType<typeof anAgentKey>,
  next: ReturnType<typeof anAgentKey>,
  spoil?: 'own signature' | 'signature for it',
) {
  const line = openLine(house.url);
  const challenge = await line.next();
  if (challenge.type !== 'challenge') throw new Error('expected a challenge');
  const { nonce } = challenge;
  const own = sign(
    null,
    nextKeyBytes(spoil === 'own signature' ? 'another nonce' : nonce, key.publicKey),
    next.privateKey,
  );
  const bytes = helloBytes(nonce, key.publicKey, spoil === 'signature for it' ? '' : next.publicKey);
  line.send({
    ...aHello(key, nonce),
    signature: sign(null, bytes, key.privateKey).toString('base64'),
    next: { publicKey: next.publicKey, signature: own.toString('base64') },
  });
  return { line, answer: await line.next() };
}
