import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWays } from '../../../server/intake/enrolment/ways.ts';
import { setLifecycle } from '../../../server/store/instance-store.ts';
import { revokeToken } from '../../../server/store/token-store.ts';
import { systemClock, timestamp } from '../../../shared/clock.ts';
import type { Credential } from '../../../shared/enrolment.ts';
import { CloseCode } from '../../../shared/protocol.ts';
import { anInstanceId, type Claims, type Clouds, hmacOf, someClouds, timeOf } from '../../support/clouds.ts';
import { aGatewayHouse, type GatewayHouse } from '../../support/gateway-house.ts';
import { insertGroup, insertImage } from '../../support/rows.ts';
import { anAgentKey, type HelloOverrides, sayHello } from '../../support/scripted-agent.ts';

const { badMessage, unauthorized, tryLater } = CloseCode;
const clouds: Clouds = someClouds();
const bound = (overrides: Claims) => ({ ...(clouds.payload()['kubernetes.io'] as Claims), ...overrides });
const seconds = (ms: number) => Math.floor((Date.now() + ms) / 1_000);
const hourMs = 3_600_000;
let house: GatewayHouse;
/** A server that knows of no cloud, and one whose cluster does not answer. */
let tokens: GatewayHouse;
let deaf: GatewayHouse;

/** A hello that no schema of ours would let a test write. */
type Odd = Record<string, unknown>;
const odd = (enrolment: Odd): HelloOverrides => ({ enrolment }) as unknown as HelloOverrides;
const by = (enrolment: Credential): HelloOverrides => ({ enrolment });
const withToken = (joinToken: string): HelloOverrides => ({ joinToken });

async function spent(joinToken: string): Promise<HelloOverrides> {
  const { answer } = await sayHello(house.url, anAgentKey(), { joinToken });
  if (answer.type !== 'welcome') throw new Error(`expected a welcome, got ${JSON.stringify(answer)}`);
  return { joinToken };
}

/** Enrols with it, lets the instance go, and shows it again. */
async function letGo(enrolment: Credential): Promise<HelloOverrides> {
  const { answer } = await sayHello(house.url, anAgentKey(), { enrolment });
  if (answer.type !== 'welcome') throw new Error(`expected a welcome, got ${JSON.stringify(answer)}`);
  await setLifecycle(house.db, answer.instanceId, 'retired', timestamp(Date.now()));
  return { enrolment };
}

interface Case {
  readonly what: string;
  readonly hello: () => HelloOverrides | Promise<HelloOverrides>;
  readonly code: number;
  readonly reason: RegExp;
  readonly at?: () => GatewayHouse;
}

const cases: readonly Case[] = [
  { what: 'no credential', hello: () => ({}), code: unauthorized, reason: /no credential/ },
  // Join tokens.
  { what: 'an unknown token', hello: () => withToken('pst_unknown'), code: unauthorized, reason: /unknown/ },
  {
    what: 'an expired token',
    hello: async () => withToken(await house.aToken({ expiresInMs: 0 })),
    ...{ code: unauthorized, reason: /expired/ },
  },
  {
    what: 'a used token',
    hello: async () => spent(await house.aToken()),
    ...{ code: unauthorized, reason: /used up/ },
  },
  {
    what: 'a revoked token',
    async hello() {
      const joinToken = await house.aToken();
      const rows = await house.db.selectFrom('join_token').select('id').orderBy('id', 'desc').execute();
      await revokeToken(house.db, rows[0]?.id ?? '', Date.now());
      return { joinToken };
    },
    ...{ code: unauthorized, reason: /revoked/ },
  },
  {
    what: 'a token of another network',
    hello: async () => withToken(await house.aToken({ cidrs: ['10.0.0.0/8', 'fd00::/8'] })),
    ...{ code: unauthorized, reason: /not for 127\.0\.0\.1/ },
  },
  {
    what: 'a token used faster than its rate',
    hello: async () => spent(await house.aToken({ usesMax: 9, rate: { uses: 1, ms: hourMs } })),
    ...{ code: unauthorized, reason: /allows 1\/1h/ },
  },
  {
    what: 'a second token of a launch',
    async hello() {
      await spent(await house.aToken({ launchKey: 'r-1' }));
      return { joinToken: await house.aToken({ launchKey: 'r-1' }) };
    },
    ...{ code: unauthorized, reason: /another agent has enrolled/ },
  },
  { what: 'an empty token', hello: () => withToken(''), code: badMessage, reason: /./ },
  { what: 'a token with a NUL', hello: () => withToken('pst_\0'), code: badMessage, reason: /./ },
  { what: 'a token of two words', hello: () => withToken('pst_a\npst_b'), code: badMessage, reason: /./ },
  { what: 'a huge token', hello: () => withToken('p'.repeat(257)), code: badMessage, reason: /./ },
  // The union.
  { what: 'a credential of no way', hello: () => odd({ by: 'gcp', token: 'x' }), code: badMessage, reason: /./ },
  {
    what: 'a credential that asks for a group',
    hello: () => odd({ by: 'token', token: 'x', group: 'admin' }),
    ...{ code: badMessage, reason: /./ },
  },
  {
    what: 'a credential of two ways',
    hello: () => odd({ ...clouds.aws(), token: 'x' }),
    ...{ code: badMessage, reason: /./ },
  },
  { what: 'a list of credentials', hello: () => odd([clouds.aws()] as never), code: badMessage, reason: /./ },
  // AWS.
  {
    what: 'an altered document',
    hello() {
      const { document, ...rest } = clouds.aws();
      return by({ ...rest, document: document.replace('123456789012', '210987654321') });
    },
    ...{ code: unauthorized, reason: /no certificate/ },
  },
  {
    what: 'a document with a space more',
    hello() {
      const { document, ...rest } = clouds.aws();
      return by({ ...rest, document: `${document} ` });
    },
    ...{ code: unauthorized, reason: /no certificate/ },
  },
  {
    what: 'the signature of another document',
    hello: () => by({ ...clouds.aws(), signature: clouds.aws().signature }),
    ...{ code: unauthorized, reason: /no certificate/ },
  },
  {
    what: 'a document signed by anybody',
    hello: () => by(clouds.aws({}, someClouds().certificate)),
    ...{ code: unauthorized, reason: /no certificate/ },
  },
  {
    what: 'a document signed by an expired certificate',
    hello: () => by(clouds.aws({}, clouds.expired)),
    ...{ code: unauthorized, reason: /valid now/ },
  },
  {
    what: 'a signature that is none',
    hello: () => by({ ...clouds.aws(), signature: 'AAAA' }),
    ...{ code: unauthorized, reason: /no certificate/ },
  },
  {
    what: 'another account',
    hello: () => by(clouds.aws({ accountId: '999999999999' })),
    ...{ code: unauthorized, reason: /account 999999999999/ },
  },
  {
    what: 'another region',
    hello: () => by(clouds.aws({ region: 'ap-south-1' })),
    ...{ code: unauthorized, reason: /region ap-south-1/ },
  },
  {
    what: 'a document that is too old',
    hello: () => by(clouds.aws({ pendingTime: timeOf(Date.now() - 20 * 60_000) })),
    ...{ code: unauthorized, reason: /more than 10m ago/ },
  },
  {
    what: 'a document of the future',
    hello: () => by(clouds.aws({ pendingTime: timeOf(Date.now() + hourMs) })),
    ...{ code: unauthorized, reason: /future/ },
  },
  {
    what: 'a signed text that is no document',
    hello: () => by(signed('not JSON')),
    ...{ code: unauthorized, reason: /in JSON/ },
  },
  {
    what: 'a document without an instance',
    hello: () => by(clouds.aws({ instanceId: undefined })),
    ...{ code: unauthorized, reason: /instanceId/ },
  },
  {
    what: 'an instance id that is a path',
    hello: () => by(clouds.aws({ instanceId: 'i-../../etc/passwd' })),
    ...{ code: unauthorized, reason: /instanceId/ },
  },
  {
    what: 'an account that is a number',
    hello: () => by(clouds.aws({ accountId: 123_456_789_012 })),
    ...{ code: unauthorized, reason: /accountId/ },
  },
  {
    what: 'a document that no group is for',
    hello: () => by(clouds.aws({ region: 'us-east-1' })),
    ...{ code: unauthorized, reason: /no group/ },
  },
  {
    what: 'a document for a group that nobody declared',
    hello: () => by(clouds.aws({ region: 'us-east-1', accountId: '210987654321' })),
    ...{ code: unauthorized, reason: /no group undeclared/ },
  },
  {
    what: 'an instance that was stopped and let go',
    hello: () => letGo(clouds.aws()),
    ...{ code: unauthorized, reason: /is retired/ },
  },
  {
    what: 'a replay by a third key',
    async hello() {
      const enrolment = clouds.aws({ instanceId: anInstanceId() });
      await sayHello(house.url, anAgentKey(), { enrolment });
      await sayHello(house.url, anAgentKey(), { enrolment });
      return { enrolment };
    },
    ...{ code: unauthorized, reason: /contested/ },
  },
  {
    what: 'a document with a NUL',
    hello: () => odd({ ...clouds.aws(), document: '{"a":"\0"}' }),
    ...{ code: badMessage, reason: /./ },
  },
  {
    what: 'a huge document',
    hello: () => odd({ ...clouds.aws(), document: ' '.repeat(16_385) }),
    ...{ code: badMessage, reason: /./ },
  },
  {
    what: 'a signature that is not base64',
    hello: () => odd({ ...clouds.aws(), signature: '<>' }),
    ...{ code: badMessage, reason: /./ },
  },
  {
    what: 'a document, where no cloud may vouch',
    at: () => tokens,
    hello: () => by(clouds.aws()),
    ...{ code: unauthorized, reason: /enrolment\.aws/ },
  },
  // Kubernetes.
  {
    what: 'alg none',
    hello: () => by(clouds.jwt({ alg: 'none' }, clouds.payload(), () => Buffer.alloc(0))),
    ...{ code: unauthorized, reason: /signed by RS256 or ES256/ },
  },
  {
    what: 'HS256 with the public key for a secret',
    hello() {
      const pem = clouds.clusterKey.publicKey.export({ type: 'spki', format: 'pem' });
      return by(clouds.jwt({ alg: 'HS256', kid: 'one' }, clouds.payload(), (input) => hmacOf(input, pem)));
    },
    ...{ code: unauthorized, reason: /signed by RS256 or ES256/ },
  },
  {
    what: 'an algorithm that is not configured',
    hello: () =>
      by(
        clouds.jwt({ alg: 'RS512', kid: 'one' }, clouds.payload(), (input) =>
          sign('RSA-SHA512', Buffer.from(input), clouds.clusterKey.privateKey),
        ),
      ),
    ...{ code: unauthorized, reason: /signed by RS256 or ES256/ },
  },
  {
    what: 'a kid that is a path',
    hello: () => by(clouds.pod({}, { kid: '../../../../dev/null' })),
    ...{ code: unauthorized, reason: /does not have/ },
  },
  {
    what: 'a key of its own in the header',
    hello() {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
      const jwk = publicKey.export({ format: 'jwk' });
      const how = (input: string) => sign('RSA-SHA256', Buffer.from(input), privateKey);
      return by(clouds.jwt({ alg: 'RS256', kid: 'one', jwk }, clouds.payload(), how));
    },
    ...{ code: unauthorized, reason: /not signed by its issuer/ },
  },
  {
    what: 'an extension that must be understood',
    hello: () => by(clouds.pod({}, { crit: ['x'], x: 1 })),
    ...{ code: unauthorized, reason: /not signed by its issuer/ },
  },
  {
    what: 'an altered payload',
    hello() {
      const { token } = clouds.pod() as { token: string };
      const [header, , signature] = token.split('.');
      const payload = Buffer.from(JSON.stringify(clouds.payload())).toString('base64url');
      return by({ by: 'kubernetes', token: [header, payload, signature].join('.') });
    },
    ...{ code: unauthorized, reason: /not signed by its issuer/ },
  },
  {
    what: 'a token for another audience',
    hello: () => by(clouds.pod({ aud: ['https://kubernetes.default.svc'] })),
    ...{ code: unauthorized, reason: /audience pristine/ },
  },
  { what: 'a token for nobody', hello: () => by(clouds.pod({ aud: undefined })), code: unauthorized, reason: /aud/ },
  {
    what: 'a token of another issuer',
    hello: () => by(clouds.pod({ iss: 'https://elsewhere.test' })),
    ...{ code: unauthorized, reason: /issuer/ },
  },
  {
    what: 'a token that has expired',
    hello: () => by(clouds.pod({ exp: seconds(-60_000) })),
    ...{ code: unauthorized, reason: /expired/ },
  },
  {
    what: 'a token that never expires',
    hello: () => by(clouds.pod({ exp: undefined })),
    ...{ code: unauthorized, reason: /claim exp/ },
  },
  {
    what: 'a token that is not good yet',
    hello: () => by(clouds.pod({ nbf: seconds(hourMs) })),
    ...{ code: unauthorized, reason: /not good yet/ },
  },
  {
    what: 'a token of last year',
    hello: () => by(clouds.pod({ iat: seconds(-365 * 24 * hourMs) })),
    ...{ code: unauthorized, reason: /older than 24h/ },
  },
  {
    what: 'a token that is bound to nothing',
    hello: () => by(clouds.pod({ 'kubernetes.io': undefined })),
    ...{ code: unauthorized, reason: /kubernetes\.io/ },
  },
  {
    what: 'a token that is bound to no pod',
    hello: () => by(clouds.pod({ 'kubernetes.io': bound({ pod: undefined }) })),
    ...{ code: unauthorized, reason: /not bound.*pod/ },
  },
  {
    what: 'a token that is bound to no node',
    hello: () => by(clouds.pod({ 'kubernetes.io': bound({ node: undefined }) })),
    ...{ code: unauthorized, reason: /not bound.*node/ },
  },
  {
    what: 'a subject that is not its service account',
    hello: () => by(clouds.pod({ sub: 'system:serviceaccount:prod:other' })),
    ...{ code: unauthorized, reason: /contradicts itself/ },
  },
  {
    what: 'another service account',
    hello() {
      const serviceaccount = { name: 'other', uid: randomUUID() };
      return by(clouds.pod({ 'kubernetes.io': bound({ serviceaccount }), sub: 'system:serviceaccount:prod:other' }));
    },
    ...{ code: unauthorized, reason: /prod\/other is not in/ },
  },
  {
    what: 'the same service account of another namespace',
    hello: () => by(clouds.pod({ 'kubernetes.io': bound({ namespace: 'dev' }), sub: 'system:serviceaccount:dev:web' })),
    ...{ code: unauthorized, reason: /dev\/web is not in/ },
  },
  {
    what: 'what is no JWT',
    hello: () => by({ by: 'kubernetes', token: 'a.b.c' }),
    ...{ code: unauthorized, reason: /expected a JWT/ },
  },
  { what: 'a pod that is gone', hello: () => letGo(clouds.pod()), code: unauthorized, reason: /is retired/ },
  {
    what: 'a huge JWT',
    hello: () => by({ by: 'kubernetes', token: 'a'.repeat(16_385) }),
    ...{ code: badMessage, reason: /./ },
  },
  {
    what: 'a token of a cluster that does not answer',
    at: () => deaf,
    hello: () => by(clouds.pod()),
    ...{ code: tryLater, reason: /./ },
  },
];

function signed(document: string): Credential {
  const { signature } = clouds.aws();
  const proof = sign('RSA-SHA256', Buffer.from(document), clouds.certificate.privateKey).toString('base64');
  return { by: 'aws', document, signature: proof || signature };
}

describe('what nobody enrols with', () => {
  beforeAll(async () => {
    house = await aGatewayHouse({ ways: await openWays(clouds.config, systemClock) });
    await insertGroup(house.db);
    await insertImage(house.db);
    tokens = await aGatewayHouse();
    const { kubernetes } = someClouds({ jwks: 'http://127.0.0.1:9/jwks' }).config;
    deaf = await aGatewayHouse({ ways: await openWays({ kubernetes }, systemClock) });
  });
  afterAll(async () => {
    await Promise.all([house.close(), tokens.close(), deaf.close()]);
    console.info(`${cases.length} refusals`);
  });

  it('are more than thirty', () => {
    expect(cases.length).toBeGreaterThanOrEqual(30);
  });

  it.each(cases)('refuses $what with $code', async ({ hello, code, reason, at = () => house }) => {
    const key = anAgentKey();
    const overrides = await hello();

    const { answer } = await sayHello(at().url, key, overrides);

    expect(answer).toMatchObject({ type: 'closed', code, reason: expect.stringMatching(reason) });
    const rows = at().db.selectFrom('instance').select('id').where('public_key', '=', key.publicKey);
    expect(await rows.execute()).toEqual([]);
  });

  it('logs none of what was shown', () => {
    const logged = [...house.logged, ...tokens.logged, ...deaf.logged].join('');

    expect(logged).not.toMatch(/pst_|eyJ|privateIp/);
  });
});
