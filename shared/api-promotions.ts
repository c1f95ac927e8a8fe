import { z } from 'zod';
import { ImageRef } from './image.ts';

/** What the HTTP API says of promotions, beside `api.ts`. */

const time = z.iso.datetime({ precision: 3 });

/** `applied`: a group document that changed its images was applied. */
export const PromotionWay = z.enum(['promoted', 'rolled-back', 'applied']).meta({ id: 'PromotionWay' });
export type PromotionWay = z.infer<typeof PromotionWay>;

export const Promotion = z
  .object({
    id: z.int().positive(),
    group: z.string(),
    channel: z.string(),
    image: ImageRef.nullable().describe('null where the channel promotes nothing any more'),
    previous: ImageRef.nullable().describe('what the channel promoted before; null where it promoted nothing'),
    how: PromotionWay,
    actor: z.string(),
    reason: z.string().nullable(),
    at: time,
  })
  .meta({ id: 'Promotion', description: 'Who had a group promote which image, and when.' });
export type Promotion = z.infer<typeof Promotion>;

export const RolloutView = z
  .object({
    image: ImageRef,
    startedAt: time,
    soakedAt: time
      .nullable()
      .describe('since then its canaries need not come first; null until they have soaked clean'),
    paused: z.object({ cause: z.string(), at: time }).nullable().describe('until a person resumes it'),
  })
  .meta({ id: 'Rollout', description: 'How far an image has come in a group that promotes it.' });
export type RolloutView = z.infer<typeof RolloutView>;

export const ResumeRollout = z
  .strictObject({ image: ImageRef, reason: z.string().trim().min(1).max(1_000) })
  .meta({ id: 'ResumeRollout' });

const reason = z.string().trim().min(1).max(1_000).optional().describe('kept with the promotion');

export const PromoteImage = z
  .strictObject({
    image: ImageRef,
    channel: z.enum(['stable', 'canary']).default('stable'),
    force: z.literal(true).optional().describe('make a canary stable that has not soaked clean; needs a reason'),
    reason,
  })
  .meta({ id: 'PromoteImage' });
export type PromoteImage = z.infer<typeof PromoteImage>;

export const RollBackImage = z.strictObject({ reason }).meta({ id: 'RollBackImage' });
