import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEvents } from '../../../server/store/event-store.ts';
import { findInstance, findInstanceByKey } from '../../../server/store/instance-store.ts';
import { createToken } from '../../../server/store/token-store.ts';
import { listTokens } from '../../../server/store/views/tokens-view.ts';
import { CreateToken } from '../../../shared/api-enrolment.ts';
import { digestOf } from '../../../shared/digest.ts';
import { keyId, parsePublicKeys } from '../../../shared/dsse.ts';
import { Group, Policy } from '../../../shared/policy.ts';
import { CloseCode } from '../../../shared/protocol.ts';
import { aGroup, anImageDigest } from '../../support/builders.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { aGatewayHouse, type GatewayHouse } from '../../support/gateway-house.ts';
import { aHello, anAgentKey, connectAgent, openLine, sayHello } from '../../support/scripted-agent.ts';

describe('enrolment', () => {
  let house: GatewayHouse;
  beforeEach(async () => {
    house = await aGatewayHouse();
  });
  afterEach(() => house.close());
  const usesOfTokens = () => house.db.selectFrom('join_token').select('uses').execute();

  it('gives the instance the group, image, labels and launch of its token', async () => {
    const request = {
      group: 'api',
      imageDigest: anImageDigest,
      labels: { env: 'prod' },
      usesMax: 1,
      expiresInMs: 1_000,
    };
    const { token } = await createToken(house.db, { ...request, launchKey: 'r-1' }, Date.now());
    const key = anAgentKey();

    const { answer } = await sayHello(house.url, key, { joinToken: token });

    expect(answer).toMatchObject({ type: 'welcome', acked: null });
    const instance = await findInstanceByKey(house.db, keyId(parsePublicKeys(key.publicKey)[0]!));
    expect(instance).toMatchObject({
      group: 'api',
      labels: { env: 'prod' },
      launchKey: 'r-1',
      verdict: 'unverifiable',
    });
  });

  it('lets exactly one of fifty in with a single-use token', async () => {
    const joinToken = await house.aToken();

    const answers = await Promise.all(
      Array.from({ length: 50 }, () => sayHello(house.url, anAgentKey(), { joinToken })),
    );

    expect(answers.filter(({ answer }) => answer.type === 'welcome')).toHaveLength(1);
    const refused = answers.flatMap(({ answer }) => (answer.type === 'closed' ? [answer.code] : []));
    expect(refused).toEqual(Array(49).fill(CloseCode.unauthorized));
    expect(await usesOfTokens()).toMatchObject([{ uses: 1 }]);
    expect(await house.db.selectFrom('instance').select('id').execute()).toHaveLength(1);
  });

  it('welcomes one key that comes twice at once as one instance', async () => {
    const joinToken = await house.aToken({ usesMax: 9 });
    const key = anAgentKey();
    const lines = [openLine(house.url), openLine(house.url)];
    const nonces = await Promise.all(lines.map((line) => line.next()));
    for (const [n, line] of lines.entries()) {
      const { nonce } = nonces[n] as { nonce: string };
      line.send(aHello(key, nonce, { joinToken }));
    }

    const answers = await Promise.all(lines.map((line) => line.next()));
    expect(answers.map(({ type }) => type)).toEqual(['welcome', 'welcome']);
    expect(await usesOfTokens()).toMatchObject([{ uses: 1 }]);
  });

  it.each([
    ['as it was', {}],
    ['with the same other image as before', { image: digestOf('another') }],
  ])('writes nothing for an agent that comes back %s', async (_, claims) => {
    const key = anAgentKey();
    for (const hello of [{ joinToken: await house.aToken() }, claims])
      await (await connectAgent(house.url, key, hello)).line.close();
    const written = async () => (await sql<{ n: number }>`select total_changes() as n`.execute(house.db)).rows[0]!.n;
    const before = await written();

    await connectAgent(house.url, key, claims);

    expect(await written()).toBe(before);
  });

  it('welcomes a key whose welcome was lost, without a second use', async () => {
    const joinToken = await house.aToken();
    const key = anAgentKey();
    const lost = await sayHello(house.url, key, { joinToken });
    lost.line.socket.terminate();

    const again = await sayHello(house.url, key, { joinToken });

    expect(again.answer).toEqual(lost.answer);
    expect(await usesOfTokens()).toMatchObject([{ uses: 1 }]);
  });

  it('enrols one key once when it says hello many times at once', async () => {
    const joinToken = await house.aToken({ usesMax: 5 });
    const key = anAgentKey();

    const answers = await Promise.all(Array.from({ length: 10 }, () => sayHello(house.url, key, { joinToken })));

    const ids = answers.flatMap(({ answer }) => (answer.type === 'welcome' ? [answer.instanceId] : []));
    expect(new Set(ids).size).toBe(1);
    expect(await usesOfTokens()).toMatchObject([{ uses: 1 }]);
  });

  it.each([
    ['no token', async () => undefined],
    ['an unknown token', async () => 'pst_unknown'],
    ['an expired token', () => house.aToken({ expiresInMs: 0 })],
    [
      'a used token',
      async () => {
        const joinToken = await house.aToken();
        await sayHello(house.url, anAgentKey(), { joinToken });
        return joinToken;
      },
    ],
  ])('refuses an unknown key with %s', async (_, makeToken) => {
    const joinToken = await makeToken();

    const { answer } = await sayHello(house.url, anAgentKey(), joinToken === undefined ? {} : { joinToken });

    expect(answer).toMatchObject({ type: 'closed', code: CloseCode.unauthorized });
  });

  it('lets one agent in for a launch that was asked for twice, with either token', async () => {
    await house.aToken({ launchKey: 'r-1' });
    const joinToken = await house.aToken({ launchKey: 'r-1' });
    const late = await house.aToken({ launchKey: 'r-1' });

    const first = await sayHello(house.url, anAgentKey(), { joinToken });
    const second = await sayHello(house.url, anAgentKey(), { joinToken: late });

    expect(first.answer).toMatchObject({ type: 'welcome' });
    expect(second.answer).toMatchObject({ type: 'closed', code: CloseCode.unauthorized });
    expect(await usesOfTokens()).toMatchObject([{ uses: 0 }, { uses: 1 }, { uses: 0 }]);
  });

  it('refuses a signature over the nonce of another connection', async () => {
    const joinToken = await house.aToken();
    const key = anAgentKey();
    const other = await openLine(house.url).next();
    if (other.type !== 'challenge') throw new Error('expected a challenge');
    const line = openLine(house.url);
    await line.next();

    line.send(aHello(key, other.nonce, { joinToken }));

    expect(await line.next()).toMatchObject({ type: 'closed', code: CloseCode.unauthorized });
    expect(await usesOfTokens()).toMatchObject([{ uses: 0 }]);
  });

  it('refuses a public key that another key has signed for', async () => {
    const { line, answer } = await sayHello(house.url, { ...anAgentKey(), publicKey: anAgentKey().publicKey });

    expect(answer).toMatchObject({ type: 'closed', code: CloseCode.unauthorized });
    await line.close();
  });

  it('keeps no secret: only its hash is in the database', async () => {
    const secret = await house.aToken();

    const rows = JSON.stringify(await house.db.selectFrom('join_token').selectAll().execute());

    expect(rows).not.toContain(secret);
  });

  it('counts each misuse of a used token, and tells it once a minute', async () => {
    const joinToken = await house.aToken();
    for (let n = 0; n < 4; n += 1) await sayHello(house.url, anAgentKey(), { joinToken });

    const [token] = (await listTokens(house.db, { limit: 10 })).items;
    const events = await readEvents(house.db, { afterId: 0, limit: 100 });

    expect(token).toMatchObject({ uses: 1, misused: 3 });
    expect(events.filter(({ type }) => type === 'token.misused')).toMatchObject([
      { group: 'web', data: { token: token?.id, why: 'used-up', peer: '127.0.0.1', times: 1 } },
    ]);
    expect(house.logged.filter((line) => line.includes('good for nothing'))).toHaveLength(1);
  });

  it('counts no misuse of a token that has expired: it was forgotten, and not stolen', async () => {
    const joinToken = await house.aToken({ expiresInMs: 0 });
    await sayHello(house.url, anAgentKey(), { joinToken });

    expect((await listTokens(house.db, { limit: 10 })).items).toMatchObject([{ misused: 0 }]);
    expect(await house.events('token.misused')).toEqual([]);
  });

  it('lets a reusable token in as fast as its rate, from its networks, by the address of the socket', async () => {
    const joinToken = await house.aToken({ usesMax: 9, rate: { uses: 2, ms: 3_600_000 }, cidrs: ['127.0.0.0/8'] });

    const answers = [];
    for (let n = 0; n < 3; n += 1) answers.push((await sayHello(house.url, anAgentKey(), { joinToken })).answer);

    expect(answers.map(({ type }) => type)).toEqual(['welcome', 'welcome', 'closed']);
    expect(await usesOfTokens()).toMatchObject([{ uses: 2 }]);
  });

  it('listens to nobody who was refused a hundred times, but to a key that it knows, and then again to all', async () => {
    const clock = createFakeClock();
    const other = await aGatewayHouse({ clock });
    const key = anAgentKey();
    await sayHello(other.url, key, { joinToken: await other.aToken() });
    const unknown = { joinToken: 'pst_unknown' };
    await Promise.all(Array.from({ length: 100 }, () => sayHello(other.url, anAgentKey(), unknown)));
    const joinToken = await other.aToken();

    const good = await sayHello(other.url, anAgentKey(), { joinToken });
    const known = await sayHello(other.url, key);
    clock.advance(1_000);
    const later = await sayHello(other.url, anAgentKey(), { joinToken });

    expect(good.answer).toMatchObject({ type: 'closed', code: CloseCode.tryLater });
    expect([known.answer.type, later.answer.type]).toEqual(['welcome', 'welcome']);
    await other.close();
  });

  it('shows what an agent claims about itself, and takes none of it for a label', async () => {
    const { answer } = await sayHello(house.url, anAgentKey(), {
      joinToken: await house.aToken(),
      facts: { 'self.env': 'prod', env: 'prod' },
    });

    const id = answer.type === 'welcome' ? answer.instanceId : '';
    expect(await findInstance(house.db, id)).toMatchObject({ labels: { env: 'test' }, facts: { 'self.env': 'prod' } });
    const labels = { 'self.env': 'prod' };
    expect(CreateToken.safeParse({ group: 'web', image: 'web@7', labels }).success).toBe(false);
    expect(Group.safeParse({ ...aGroup(), labels }).success).toBe(false);
    const select = { labels: { 'self.env': 'prod' } };
    expect(Policy.safeParse({ kind: 'Policy', name: 'web', select }).success).toBe(false);
  });
});
