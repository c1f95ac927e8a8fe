import { z } from 'zod';
import { Duration, durationMs } from './duration.ts';

/** The part of `api.ts` that is about holds: a person says that nothing is to be replaced, and why. */

const time = z.iso.datetime({ precision: 3 });
/** A hold that outlives everyone who remembers it is a hole. */
const holdMsMax = 90 * 86_400_000;

export const HoldScope = z.enum(['instance', 'group', 'all']).meta({ id: 'HoldScope' });
export type HoldScope = z.infer<typeof HoldScope>;

export const PlaceHold = z
  .strictObject({
    scope: HoldScope,
    target: z
      .string()
      .min(1)
      .max(128)
      .optional()
      .describe('the id of the instance, or the name of the group; none for `all`'),
    reason: z.string().trim().min(1).max(1_000),
    for: Duration.refine(
      (text) => durationMs(text) > 0 && durationMs(text) <= holdMsMax,
      'expected more than 0 and at most 90d',
    )
      .optional()
      .describe('how long; needed but for `all`, which may last until it is lifted'),
  })
  .refine(({ scope, target }) => (scope === 'all') === (target === undefined), {
    path: ['target'],
    message: 'expected the id of an instance or the name of a group, and nothing for `all`',
  })
  .refine(({ scope, for: duration }) => scope === 'all' || duration !== undefined, {
    path: ['for'],
    message: 'expected how long, such as 2h, at most 90d: only a hold on everything may last until it is lifted',
  })
  .meta({ id: 'PlaceHold' });
export type PlaceHold = z.infer<typeof PlaceHold>;

export const Hold = z
  .object({
    id: z.string(),
    scope: HoldScope,
    target: z.string().nullable(),
    group: z.string().nullable().describe('of the instance, or itself; null for `all`'),
    reason: z.string(),
    author: z.string(),
    createdAt: time,
    expiresAt: time.nullable().describe('null: until it is lifted'),
    liftedAt: time.nullable(),
    liftedBy: z.string().nullable(),
    inForce: z.boolean(),
  })
  .meta({ id: 'Hold', description: 'While it is in force nothing is replaced where it is on.' });
export type Hold = z.infer<typeof Hold>;
