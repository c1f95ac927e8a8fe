import { createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EnrolmentConfig } from '../../server/intake/enrolment/config.ts';
import type { AwsCredential, Credential } from '../../shared/enrolment.ts';
import { rsaCertificate } from './certificates.ts';
import { aDirectory } from './database.ts';
import { linesOf, type Shape, signedDataOf } from './signed-data.ts';

type CloudCertificate = ReturnType<typeof rsaCertificate>;

/** A cloud and a cluster that vouch for anybody, and the configuration of a server that believes them. */
export interface Clouds {
  readonly certificate: CloudCertificate;
  /** Of a certificate that the server has, and that is over. */
  readonly expired: CloudCertificate;
  readonly config: EnrolmentConfig;
  document(overrides?: Record<string, unknown>): string;
  aws(overrides?: Record<string, unknown>, signer?: CloudCertificate): AwsCredential & { readonly signature: string };
  /** By the form that agents ask for first. */
  rsa2048(overrides?: Record<string, unknown>, shape?: Partial<Shape>, signer?: CloudCertificate): AwsCredential;
  /** A token of a pod, as the API server would make it. */
  pod(claims?: Claims, header?: Record<string, unknown>): Credential;
  jwt(header: object, payload: object, how: (input: string) => Buffer): Credential;
  payload(claims?: Claims): Record<string, unknown>;
  readonly clusterKey: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
}

/** What differs from a good token; undefined takes a claim away. */
export type Claims = Record<string, unknown>;

export const anAmi = 'ami-0123456789abcdef0';
const issuer = 'https://cluster.test';

export function someClouds({ jwks, now = Date.now() }: { readonly jwks?: string; readonly now?: number } = {}): Clouds {
  const folder = aDirectory();
  const certificate = rsaCertificate({ now });
  const expired = rsaCertificate({ validMs: -86_400_000, now });
  const certificateFile = join(folder, 'aws.pem');
  writeFileSync(certificateFile, certificate.pem + expired.pem);
  const clusterKey = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const jwksFile = join(folder, 'jwks.json');
  const key = { ...clusterKey.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' };
  writeFileSync(jwksFile, JSON.stringify({ keys: [key] }));

  const clouds: Clouds = {
    ...{ certificate, expired, clusterKey },
    config: EnrolmentConfig.parse({
      aws: {
        certificates: [certificateFile],
        accounts: ['123456789012', '210987654321'],
        regions: ['eu-central-1', 'us-east-1'],
        groups: [
          { account: '210987654321', region: 'us-east-1', group: 'undeclared' },
          { region: 'eu-central-1', group: 'web' },
        ],
      },
      kubernetes: [
        {
          ...{ issuer, audience: 'pristine', jwks: jwks ?? jwksFile },
          serviceAccounts: [
            { namespace: 'prod', name: 'web', group: 'web', image: 'web@7' },
            { namespace: 'prod', name: 'early', group: 'web', image: 'web@8' },
          ],
        },
      ],
    }),
    document(overrides = {}) {
      const document = {
        ...{ accountId: '123456789012', architecture: 'x86_64', availabilityZone: 'eu-central-1a' },
        ...{ imageId: anAmi, instanceId: anInstanceId(), instanceType: 'm7i.large', kernelId: null },
        ...{ pendingTime: timeOf(now - 30_000), privateIp: '10.0.0.7', region: 'eu-central-1' },
        version: '2017-09-30',
        ...overrides,
      };
      return JSON.stringify(document, null, 2);
    },
    aws(overrides = {}, signer = certificate) {
      const document = clouds.document(overrides);
      return { by: 'aws', document, signature: signatureOf(document, signer.key) };
    },
    rsa2048(overrides = {}, shape = {}, signer = certificate) {
      const document = clouds.document(overrides);
      return { by: 'aws', document, rsa2048: linesOf(signedDataOf(document, signer, shape)) };
    },
    payload(claims = {}) {
      const now = Math.floor(Date.now() / 1_000);
      const bound = {
        namespace: 'prod',
        node: { name: 'node-1', uid: randomUUID() },
        pod: { name: 'web-1', uid: randomUUID() },
        serviceaccount: { name: 'web', uid: randomUUID() },
      };
      const payload = {
        ...{ aud: ['pristine'], exp: now + 3_600, iat: now - 60, iss: issuer, jti: randomUUID(), nbf: now - 60 },
        ...{ 'kubernetes.io': bound, sub: 'system:serviceaccount:prod:web' },
        ...claims,
      };
      return Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
    },
    jwt(header, payload, how) {
      const input = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
      return { by: 'kubernetes', token: `${input}.${how(input).toString('base64url')}` };
    },
    pod: (claims, header = {}) =>
      clouds.jwt({ alg: 'RS256', kid: 'one', ...header }, clouds.payload(claims), (input) =>
        sign('RSA-SHA256', Buffer.from(input), clusterKey.privateKey),
      ),
  };
  return clouds;
}

export function anInstanceId(): string {
  return `i-${randomUUID().replaceAll('-', '').slice(0, 17)}`;
}

/** As AWS writes them: without milliseconds. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** As the metadata service gives it: base64 in lines. */
export function signatureOf(document: string, key: KeyObject): string {
  const base64 = sign('RSA-SHA256', Buffer.from(document), key).toString('base64');
  return (base64.match(/.{1,64}/g) ?? []).join('\n');
}

export function hmacOf(input: string, secret: string | Buffer): Buffer {
  return createHmac('sha256', secret).update(input).digest();
}
