import { z } from 'zod';
import { Digest } from './digest.ts';
import { Document } from './policy.ts';

/** The part of `api.ts` that is about what people declare: its versions, and what is wrong with it. */

const time = z.iso.datetime({ precision: 3 });

export const SpecVersion = z
  .object({
    version: z.int().positive(),
    at: time,
    actor: z.string(),
    digest: Digest.describe('of the RFC 8785 form of the document'),
    document: Document.nullable().describe('null where this release does not read it any more'),
  })
  .meta({ id: 'SpecVersion', description: 'A group or a policy as it was declared, by whom and when.' });
export type SpecVersion = z.infer<typeof SpecVersion>;

export const PolicyWarning = z
  .object({
    code: z.enum(['never-finishes', 'never-matches', 'matches-everything', 'contradicts']),
    message: z.string(),
  })
  .meta({ id: 'PolicyWarning' });
export type PolicyWarning = z.infer<typeof PolicyWarning>;
