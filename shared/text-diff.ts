import { z } from 'zod';

/** A larger file is no text: nothing of it is kept at bake, and nothing is shown. */
export const textBytesMax = 65_536;
/** The same of one with more lines, each of which takes its time. */
export const textLinesMax = 4_096;
/** Of the text of one diff. What is past it is cut, and said to be. */
export const diffCharsMax = 16_384;

/** Why a file of which text may be shown has none. */
export const Withheld = z.enum([
  'not-public',
  'too-large',
  'not-text',
  'no-baked-text',
  'bad-baked-text',
  'changed',
  'too-many',
]);
export type Withheld = z.infer<typeof Withheld>;

/**
 * What changed inside a public text file: the hunks of a unified diff, in which secrets are redacted before it is made
 * known to anybody. No part of a finding's identity, and never a reason for a verdict.
 */
export const TextDiff = z
  .union([
    z.strictObject({
      text: z.string().max(diffCharsMax),
      redactions: z.int().nonnegative().describe('redacted pieces that the text shows'),
      truncated: z.boolean().describe('there is more than the text shows'),
    }),
    z.strictObject({ withheld: Withheld.describe('why there is no text') }),
  ])
  .meta({ id: 'TextDiff' });
export type TextDiff = z.infer<typeof TextDiff>;
