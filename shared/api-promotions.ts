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

const reason = z.string().trim().min(1).max(1_000).optional().describe('kept with the promotion');

export const PromoteImage = z
  .strictObject({
    image: ImageRef,
    channel: z.enum(['stable', 'canary']).default('stable'),
    reason,
  })
  .meta({ id: 'PromoteImage' });
export type PromoteImage = z.infer<typeof PromoteImage>;

export const RollBackImage = z.strictObject({ reason }).meta({ id: 'RollBackImage' });
