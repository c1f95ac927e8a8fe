import { z } from 'zod';
import { Cidr } from './cidr.ts';
import { Digest } from './digest.ts';
import { Duration, durationMs } from './duration.ts';
import { CloudImage } from './enrolment.ts';
import { ImageRef } from './image.ts';
import { Rate } from './rate.ts';
import { Labels } from './selector.ts';

/** The part of `api.ts` that is about how instances come in: join tokens, and what clouds call our images. */

const time = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();
/** A token that outlives everyone who remembers it is a hole. */
const expiresInMsMax = 365 * 86_400_000;

export const CreateToken = z
  .strictObject({
    group: z.string().max(64),
    image: z.string().max(256).describe('NAME@VERSION of a pushed image'),
    labels: Labels.default({}),
    uses: z.int().positive().max(100_000).default(1),
    rate: Rate.optional().describe('needed with more than one use'),
    cidrs: z
      .array(Cidr)
      .max(64)
      .default([])
      .describe('networks that it may be used from, by the address of the socket; any, unless said'),
    expiresIn: Duration.refine(
      (text) => durationMs(text) > 0 && durationMs(text) <= expiresInMsMax,
      'expected more than 0 and at most 365d',
    ).default('1h'),
  })
  .refine(({ uses, rate }) => uses === 1 || rate !== undefined, {
    path: ['rate'],
    message: 'expected a rate, such as 10/1m: a token that is used more than once needs one',
  })
  .meta({ id: 'CreateToken' });
export type CreateToken = z.infer<typeof CreateToken>;

export const Token = z
  .object({
    id: z.string(),
    group: z.string(),
    imageDigest: Digest,
    labels: z.record(z.string(), z.string()),
    uses: count,
    usesMax: count,
    rate: z.string().nullable(),
    cidrs: z.array(z.string()),
    expiresAt: time,
    createdAt: time,
    revokedAt: time.nullable(),
    providerId: z
      .string()
      .nullable()
      .describe('the machine that it was made for, where the server launched it; null for one that a person made'),
    misused: count.describe('how often it was shown when it was used up or revoked'),
  })
  .meta({ id: 'Token', description: 'A join token without its secret, which is shown once.' });
export type Token = z.infer<typeof Token>;
export const NewToken = Token.extend({ token: z.string() }).meta({ id: 'NewToken' });
export type NewToken = z.infer<typeof NewToken>;

export const LinkImage = z.strictObject({ image: ImageRef, cloudImage: CloudImage }).meta({ id: 'LinkImage' });
export type LinkImage = z.infer<typeof LinkImage>;

export const ImageLink = z
  .object({ cloudImage: z.string(), image: z.string(), imageDigest: Digest, linkedAt: time })
  .meta({ id: 'ImageLink', description: 'Which pushed image a cloud means by a name of its own.' });
export type ImageLink = z.infer<typeof ImageLink>;
