import { z } from 'zod';

/** Of a document or a token that somebody else has signed; theirs have one to three kilobytes. */
const signedCharactersMax = 16_384;

/** Join tokens and JWTs are one word of ASCII; anything else in them is none. */
function word(charactersMax: number) {
  return z
    .string()
    .max(charactersMax)
    .regex(/^[\x21-\x7e]+$/, 'expected one word of printable ASCII');
}

export const TokenCredential = z.strictObject({
  by: z.literal('token'),
  token: word(256).describe('of `pristinectl tokens create`'),
});
export type TokenCredential = z.infer<typeof TokenCredential>;

function base64(charactersMax: number) {
  return z
    .string()
    .max(charactersMax)
    .regex(/^[A-Za-z0-9+/=\n]+$/, 'expected base64');
}

export const AwsCredential = z
  .strictObject({
    by: z.literal('aws'),
    document: z
      .string()
      .max(signedCharactersMax)
      .regex(/^[\t\n\r\x20-\x7e]+$/, 'expected printable ASCII')
      .describe('the instance identity document, byte for byte as the metadata service gave it'),
    rsa2048: base64(signedCharactersMax)
      .optional()
      .describe('what it says at /latest/dynamic/instance-identity/rsa2048: signed data with the document in it'),
    signature: base64(1_024)
      .optional()
      .describe('what it says at /latest/dynamic/instance-identity/signature, where there is no rsa2048'),
  })
  .refine(({ rsa2048, signature }) => (rsa2048 === undefined) !== (signature === undefined), {
    message: 'expected either rsa2048 or signature',
    path: ['signature'],
  });
export type AwsCredential = z.infer<typeof AwsCredential>;

export const KubernetesCredential = z.strictObject({
  by: z.literal('kubernetes'),
  token: word(signedCharactersMax).describe('a projected service-account token'),
});
export type KubernetesCredential = z.infer<typeof KubernetesCredential>;

/** What a key that is not enrolled yet shows for itself. Somebody other than the agent vouches for each. */
export const Credential = z.discriminatedUnion('by', [TokenCredential, AwsCredential, KubernetesCredential]);
export type Credential = z.infer<typeof Credential>;

export const enrolmentWays = ['token', 'aws', 'kubernetes'] as const satisfies readonly Credential['by'][];
export const EnrolmentWay = z.enum(enrolmentWays);
export type EnrolmentWay = z.infer<typeof EnrolmentWay>;

export const awsRegion = /^[a-z]{2}(?:-[a-z]+)+-\d{1,2}$/;
export const awsImageId = /^ami-[0-9a-f]{8,17}$/;

/** An image as a cloud calls it: `aws:eu-central-1:ami-0abc…`. */
export const CloudImage = z
  .string()
  .max(128)
  .refine((text) => {
    const [cloud, region = '', image = '', ...more] = text.split(':');
    return cloud === 'aws' && awsRegion.test(region) && awsImageId.test(image) && more.length === 0;
  }, 'expected an image of a cloud, such as aws:eu-central-1:ami-0123456789abcdef0')
  .meta({ id: 'CloudImage' });
export type CloudImage = string;
