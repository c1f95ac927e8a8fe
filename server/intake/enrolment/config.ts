import { z } from 'zod';
import { Duration, durationMs } from '../../../shared/duration.ts';
import { awsImageId, awsRegion } from '../../../shared/enrolment.ts';
import { ImageRef, Name } from '../../../shared/image.ts';

/** `enrolment` in the server's configuration: whom clouds may vouch for. Join tokens need none of it. */

const file = z.string().startsWith('/', 'expected an absolute path').max(4_096);
const positive = Duration.refine((text) => durationMs(text) > 0, 'expected more than 0');
/** A label of a name (RFC 1123), or several: what Kubernetes calls namespaces and service accounts. */
export const kubernetesName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, 'expected a name of Kubernetes');

export const AwsEnrolment = z.strictObject({
  certificates: z
    .array(file)
    .min(1)
    .max(64)
    .describe('PEM files with the RSA-2048 certificates of the regions, as AWS publishes them'),
  keyBitsMin: z
    .int()
    .min(1_024)
    .max(16_384)
    .default(2_048)
    .describe(
      'of their keys. AWS signs for agents that show the base64 `signature` with 1024 bits, which is within reach of whoever has much to compute with: 1024 takes these too',
    ),
  accounts: z
    .array(z.string().regex(/^\d{12}$/, 'expected an account of twelve digits, in quotes'))
    .min(1)
    .max(1_000)
    .describe('whose instances may enrol'),
  regions: z.array(z.string().regex(awsRegion)).min(1).max(100).describe('where they may run'),
  maxAge: positive.default('10m').describe('how long after its start an instance may enrol'),
  groups: z
    .array(
      z.strictObject({
        account: z.string().optional(),
        region: z.string().optional(),
        image: z
          .union([z.string().regex(awsImageId), Name])
          .optional()
          .describe('an AMI, or the name of what it is linked to'),
        group: Name,
      }),
    )
    .min(1)
    .max(1_000)
    .describe('which group an instance joins; the first that fits'),
});
export type AwsEnrolment = z.infer<typeof AwsEnrolment>;

/** Public keys only: with a shared secret whoever can check a token can make one. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

export const KubernetesEnrolment = z.strictObject({
  issuer: z.string().min(1).max(2_048).describe('`iss` of its tokens, character by character'),
  audience: z.string().min(1).max(2_048).describe('`aud` of the projected token; of no other service'),
  jwks: z
    .union([file, z.string().max(2_048).refine(isSafeUrl, 'expected an absolute path or an https URL')])
    .describe('its public keys: a file, as `kubectl get --raw /openid/v1/jwks` writes it, or an https URL'),
  algorithms: z.array(z.enum(algorithms)).min(1).default(['RS256', 'ES256']).describe('what may have signed'),
  maxAge: positive.default('24h').describe('how old a token may be: the kubelet renews them daily at least'),
  serviceAccounts: z
    .array(z.strictObject({ namespace: kubernetesName, name: kubernetesName, group: Name, image: ImageRef }))
    .min(1)
    .max(1_000)
    .describe('whose pods may enrol, and which group and image they are of'),
});
export type KubernetesEnrolment = z.infer<typeof KubernetesEnrolment>;

export const EnrolmentConfig = z.strictObject({
  aws: AwsEnrolment.optional(),
  kubernetes: z.array(KubernetesEnrolment).max(32).default([]).describe('clusters, each with an issuer of its own'),
});
export type EnrolmentConfig = z.infer<typeof EnrolmentConfig>;

/** In the clear only to this very machine. */
function isSafeUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && /^(127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname));
}
