import { z } from 'zod';
import { Duration, durationMs } from './duration.ts';
import { keepFor } from './keeping.ts';
import { Severity } from './severity.ts';

/** What the HTTP API says of machines that are kept as evidence, and of what nobody owns. */

const time = z.iso.datetime({ precision: 3 });
const reason = z.string().trim().min(1).max(1_000);

export const quarantineStates = ['isolating', 'copying', 'kept', 'ending', 'ended'] as const;
export const QuarantineState = z.enum(quarantineStates).meta({ id: 'QuarantineState' });
export type QuarantineState = z.infer<typeof QuarantineState>;

export const QuarantineView = z
  .object({
    id: z.string(),
    group: z.string(),
    instanceId: z.string(),
    providerId: z.string(),
    replacementId: z
      .string()
      .nullable()
      .describe('of the replacement that put another in its place; null while none has'),
    owner: z.string().describe('who wanted it kept: a policy, or a person'),
    reason: z.string(),
    severity: Severity.nullable().describe('of its taint when it began'),
    state: QuarantineState,
    snapshotId: z.string().nullable().describe('what the provider calls the copy of its disk'),
    snapshotAt: z.string().nullable().describe('where a person finds that copy'),
    expiresAt: time.describe('what has no replacement stays beyond it, until a person releases it'),
    releasedAt: time.nullable(),
    error: z.string().nullable().describe('what a call to the provider failed with last, or how the evidence was lost'),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Quarantine' });
export type QuarantineView = z.infer<typeof QuarantineView>;

export const StartQuarantine = z
  .strictObject({
    reason,
    keepFor: keepFor
      .optional()
      .describe(
        'without it as the policies of its group say, or 72h; once it is replaced at least as long as they say',
      ),
  })
  .meta({ id: 'StartQuarantine' });
export type StartQuarantine = z.infer<typeof StartQuarantine>;

export const ExtendQuarantine = z
  .strictObject({
    reason,
    by: Duration.refine((text) => durationMs(text) > 0, 'expected longer than 0').describe(
      'added to when it expires, or to now where that is past',
    ),
  })
  .meta({ id: 'ExtendQuarantine' });
export type ExtendQuarantine = z.infer<typeof ExtendQuarantine>;

export const orphanKinds = ['machine', 'mark', 'snapshot', 'record'] as const;
export const Orphan = z
  .object({
    group: z.string(),
    kind: z
      .enum(orphanKinds)
      .describe(
        'a machine that was launched, a machine that was drained or isolated, a snapshot that is kept, or a record whose machine is gone',
      ),
    providerId: z.string().nullable(),
    snapshotId: z.string().nullable(),
    key: z.string().describe('the mark that it bears'),
    why: z.string(),
  })
  .meta({ id: 'Orphan' });
export type Orphan = z.infer<typeof Orphan>;

export const OrphansView = z
  .object({
    computedAt: time,
    items: z.array(Orphan),
    unasked: z
      .array(z.object({ group: z.string(), error: z.string() }))
      .describe('groups whose provider could not be asked: nothing is known of them'),
  })
  .meta({ id: 'Orphans' });
export type OrphansView = z.infer<typeof OrphansView>;
