import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { CloseCode } from '../../../shared/protocol.ts';
import { type Claims, hmacOf } from '../clouds.ts';
import { by, hourMs, letGo, type Refusal, type RefusalWorld } from './world.ts';

const { badMessage, tryLater, unauthorized } = CloseCode;

/** Tokens of a cluster that nobody is let in with. */
export const kubernetesRefusals = (world: RefusalWorld): readonly Refusal[] => [
  {
    what: 'alg none',
    hello: () => by(world.clouds.jwt({ alg: 'none' }, world.clouds.payload(), () => Buffer.alloc(0))),
    ...{ code: unauthorized, reason: /signed by RS256 or ES256/ },
  },
  {
    what: 'HS256 with the public key for a secret',
    hello() {
      const pem = world.clouds.clusterKey.publicKey.export({ type: 'spki', format: 'pem' });
      return by(world.clouds.jwt({ alg: 'HS256', kid: 'one' }, world.clouds.payload(), (input) => hmacOf(input, pem)));
    },
    ...{ code: unauthorized, reason: /signed by RS256 or ES256/ },
  },
  {
    what: 'an algorithm that is not configured',
    hello: () =>
      by(
        world.clouds.jwt({ alg: 'RS512', kid: 'one' }, world.clouds.payload(), (input) =>
          sign('RSA-SHA512', Buffer.from(input), world.clouds.clusterKey.privateKey),
        ),
      ),
    ...{ code: unauthorized, reason: /signed by RS256 or ES256/ },
  },
  {
    what: 'a kid that is a path',
    hello: () => by(world.clouds.pod({}, { kid: '../../../../dev/null' })),
    ...{ code: unauthorized, reason: /does not have/ },
  },
  {
    what: 'a key of its own in the header',
    hello() {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
      const jwk = publicKey.export({ format: 'jwk' });
      const how = (input: string) => sign('RSA-SHA256', Buffer.from(input), privateKey);
      return by(world.clouds.jwt({ alg: 'RS256', kid: 'one', jwk }, world.clouds.payload(), how));
    },
    ...{ code: unauthorized, reason: /not signed by its issuer/ },
  },
  {
    what: 'an extension that must be understood',
    hello: () => by(world.clouds.pod({}, { crit: ['x'], x: 1 })),
    ...{ code: unauthorized, reason: /not signed by its issuer/ },
  },
  {
    what: 'an altered payload',
    hello() {
      const { token } = world.clouds.pod() as { token: string };
      const [header, , signature] = token.split('.');
      const payload = Buffer.from(JSON.stringify(world.clouds.payload())).toString('base64url');
      return by({ by: 'kubernetes', token: [header, payload, signature].join('.') });
    },
    ...{ code: unauthorized, reason: /not signed by its issuer/ },
  },
  {
    what: 'a token for another audience',
    hello: () => by(world.clouds.pod({ aud: ['https://kubernetes.default.svc'] })),
    ...{ code: unauthorized, reason: /audience pristine/ },
  },
  {
    what: 'a token for nobody',
    hello: () => by(world.clouds.pod({ aud: undefined })),
    code: unauthorized,
    reason: /aud/,
  },
  {
    what: 'a token of another issuer',
    hello: () => by(world.clouds.pod({ iss: 'https://elsewhere.test' })),
    ...{ code: unauthorized, reason: /issuer/ },
  },
  {
    what: 'a token that has expired',
    hello: () => by(world.clouds.pod({ exp: seconds(-60_000) })),
    ...{ code: unauthorized, reason: /expired/ },
  },
  {
    what: 'a token that never expires',
    hello: () => by(world.clouds.pod({ exp: undefined })),
    ...{ code: unauthorized, reason: /claim exp/ },
  },
  {
    what: 'a token that is not good yet',
    hello: () => by(world.clouds.pod({ nbf: seconds(hourMs) })),
    ...{ code: unauthorized, reason: /not good yet/ },
  },
  {
    what: 'a token of last year',
    hello: () => by(world.clouds.pod({ iat: seconds(-365 * 24 * hourMs) })),
    ...{ code: unauthorized, reason: /older than 24h/ },
  },
  {
    what: 'a token that is bound to nothing',
    hello: () => by(world.clouds.pod({ 'kubernetes.io': undefined })),
    ...{ code: unauthorized, reason: /kubernetes\.io/ },
  },
  {
    what: 'a token that is bound to no pod',
    hello: () => by(world.clouds.pod({ 'kubernetes.io': bound(world, { pod: undefined }) })),
    ...{ code: unauthorized, reason: /not bound.*pod/ },
  },
  {
    what: 'a token that is bound to no node',
    hello: () => by(world.clouds.pod({ 'kubernetes.io': bound(world, { node: undefined }) })),
    ...{ code: unauthorized, reason: /not bound.*node/ },
  },
  {
    what: 'a subject that is not its service account',
    hello: () => by(world.clouds.pod({ sub: 'system:serviceaccount:prod:other' })),
    ...{ code: unauthorized, reason: /contradicts itself/ },
  },
  {
    what: 'another service account',
    hello() {
      const serviceaccount = { name: 'other', uid: randomUUID() };
      return by(
        world.clouds.pod({
          'kubernetes.io': bound(world, { serviceaccount }),
          sub: 'system:serviceaccount:prod:other',
        }),
      );
    },
    ...{ code: unauthorized, reason: /prod\/other is not in/ },
  },
  {
    what: 'the same service account of another namespace',
    hello: () =>
      by(
        world.clouds.pod({ 'kubernetes.io': bound(world, { namespace: 'dev' }), sub: 'system:serviceaccount:dev:web' }),
      ),
    ...{ code: unauthorized, reason: /dev\/web is not in/ },
  },
  {
    what: 'what is no JWT',
    hello: () => by({ by: 'kubernetes', token: 'a.b.c' }),
    ...{ code: unauthorized, reason: /expected a JWT/ },
  },
  {
    what: 'a pod that is gone',
    hello: () => letGo(world, world.clouds.pod()),
    code: unauthorized,
    reason: /is retired/,
  },
  {
    what: 'a huge JWT',
    hello: () => by({ by: 'kubernetes', token: 'a'.repeat(16_385) }),
    ...{ code: badMessage, reason: /enrolment/ },
  },
  {
    what: 'a token of a cluster that does not answer',
    at: () => world.deaf,
    hello: () => by(world.clouds.pod()),
    ...{ code: tryLater, reason: /could not be/ },
  },
];

const seconds = (ms: number) => Math.floor((Date.now() + ms) / 1_000);

function bound({ clouds }: RefusalWorld, overrides: Claims): Claims {
  return { ...(clouds.payload()['kubernetes.io'] as Claims), ...overrides };
}
