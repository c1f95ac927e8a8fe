import { z } from 'zod';
import { Digest } from './digest.ts';
import { Fingerprint } from './finding.ts';
import { ImageRef, Name } from './image.ts';

/** Approved, scoped, expiring permission for a drift. */

export const exemptionDaysMax = 90;

/**
 * Until when an exemption may last, seen from now, to be in force: no longer than anybody may ask for, and a day for clocks. Where
 * more seems to be left the clock was set back since, and nobody knows how much really is. Milliseconds since the epoch.
 */
export function latestUntil(now: number): number {
  return now + (exemptionDaysMax + 1) * 86_400_000;
}

/** Both ends of the time decide, whenever it is asked for. */
export function isExemptAt(until: string, now: number): boolean {
  const ends = Date.parse(until);
  return now < ends && ends <= latestUntil(now);
}

const exactDrift = z.strictObject({
  fingerprint: Fingerprint.describe('this difference and no other: `pristinectl drifts list` has it'),
});
const pinnedFile = z.strictObject({
  file: z.string().startsWith('/').max(32_768).describe('by its name as findings have it, whatever was baked there'),
  change: z.enum(['added', 'modified']),
  content: Digest.describe('what it holds now: any other content is no exempted one'),
});

export const Exemption = z
  .strictObject({
    kind: z.literal('Exemption'),
    name: Name,
    drift: z
      .union([exactDrift, pinnedFile])
      .describe(
        'one difference, exactly; or one content of one file, where nothing but content and size differ, nothing runs it and no guard watches it',
      ),
    image: ImageRef.optional().describe('only on instances of this image'),
    group: Name.optional().describe('only on instances of this group'),
    reason: z.string().trim().min(1).max(1_000),
    until: z.iso
      .datetime({ offset: true })
      .describe(`RFC 3339; at most ${exemptionDaysMax} days from when it is declared`),
  })
  .refine(
    ({ image, group }) => image !== undefined || group !== undefined,
    'expected `image`, `group`, or both: an exemption is never for the whole fleet',
  )
  .meta({ id: 'Exemption' });
export type Exemption = z.infer<typeof Exemption>;

const time = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();

export const ExemptionState = z.enum(['in_force', 'expired', 'ended']).meta({ id: 'ExemptionState' });
export type ExemptionState = z.infer<typeof ExemptionState>;

export const ExemptionView = z
  .object({
    exemption: Exemption,
    version: count,
    state: ExemptionState,
    author: z.string().describe('who declared this version'),
    declaredAt: time,
    ended: z.object({ at: time, by: z.string(), reason: z.string() }).nullable(),
    instances: count.describe('on which it exempts a finding that is open now'),
  })
  .meta({ id: 'ExemptionView' });
export type ExemptionView = z.infer<typeof ExemptionView>;

/** Beside a finding or a drift. */
export const Exempted = z
  .object({ exemption: z.string(), until: time })
  .meta({ id: 'Exempted', description: 'By which exemption it counts for nothing, and until when.' });
export type Exempted = z.infer<typeof Exempted>;
