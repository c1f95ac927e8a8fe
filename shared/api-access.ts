import { z } from 'zod';
import { Duration, durationMs } from './duration.ts';
import { Name } from './image.ts';
import { Role } from './role.ts';

/** The part of `api.ts` that is about who may do what: named tokens of people and scripts. */

const time = z.iso.datetime({ precision: 3 });
const expiresInMsMax = 365 * 86_400_000;
/** Who the token in DATA/admin.token is, and the server itself. */
const takenNames: readonly string[] = ['admin', 'server'];

export const CreateAccessToken = z
  .strictObject({
    name: Name.refine(
      (name) => !takenNames.includes(name),
      'expected a name of your own: admin and server are taken',
    ).describe('who acts with it: it stands in every event, decision and audit entry'),
    role: Role,
    expiresIn: Duration.refine(
      (text) => durationMs(text) > 0 && durationMs(text) <= expiresInMsMax,
      'expected more than 0 and at most 365d',
    )
      .optional()
      .describe('without it, until it is revoked'),
  })
  .meta({ id: 'CreateAccessToken' });
export type CreateAccessToken = z.infer<typeof CreateAccessToken>;

export const AccessToken = z
  .object({
    id: z.string(),
    name: z.string(),
    role: Role,
    createdAt: time,
    createdBy: z.string(),
    expiresAt: time.nullable(),
    revokedAt: time.nullable(),
    revokedBy: z.string().nullable(),
    lastUsedAt: time.nullable().describe('to the minute'),
  })
  .meta({
    id: 'AccessToken',
    description: 'The token of a person or a script, without its secret, which is shown once.',
  });
export type AccessToken = z.infer<typeof AccessToken>;

export const Caller = z
  .object({ name: z.string(), role: Role })
  .meta({ id: 'Caller', description: 'Whom a token speaks for, and what it lets its holder do.' });
export type Caller = z.infer<typeof Caller>;

export const NewAccessToken = AccessToken.extend({ token: z.string() }).meta({ id: 'NewAccessToken' });
export type NewAccessToken = z.infer<typeof NewAccessToken>;
