import { z } from 'zod';
import { Duration, durationMs } from './duration.ts';
import { Image } from './image.ts';
import { Severity } from './severity.ts';
import { TriggerKind } from './trigger-kind.ts';

/** The part of `api.ts` that is about approvals: a person says yes before an instance ends. */

const time = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();

/** For what a yes is given, apart from single instances: who drifts otherwise, or worse, needs another. */
export const ApprovedCause = z
  .object({
    trigger: TriggerKind,
    severity: Severity.optional().describe('of drift'),
    shapes: z.array(z.string()).optional().describe('of drift: what was done to which name'),
    from: z.string().optional().describe('of what is outdated: its image'),
    olderThan: z.string().optional().describe('of age'),
    silent: z.string().optional().describe('of silence'),
    unverifiable: z.string().optional(),
    by: z.string().optional().describe('who asked for it by hand'),
    reason: z.string().optional().describe('why that one did'),
  })
  .meta({ id: 'ApprovedCause' });
export type ApprovedCause = z.infer<typeof ApprovedCause>;

export const Approve = z
  .strictObject({
    instances: z.int().positive().max(10_000).describe('at most so many instances are replaced by it'),
    for: Duration.refine((text) => durationMs(text) > 0, 'expected more than 0')
      .optional()
      .describe('how long it holds; what the policy says, unless it is to be less'),
    reason: z.string().trim().min(1).max(1_000),
  })
  .meta({ id: 'Approve' });
export type Approve = z.infer<typeof Approve>;

export const Approval = z
  .object({
    id: z.string(),
    actor: z.string(),
    reason: z.string(),
    instances: count.describe('at most'),
    used: count.describe('instances whose replacement was begun since, as the records have it'),
    createdAt: time,
    expiresAt: time,
    revokedAt: time.nullable(),
    revokedBy: z.string().nullable(),
    inForce: z.boolean().describe('neither over, used up nor revoked, and of somebody who may'),
  })
  .meta({ id: 'Approval' });
export type Approval = z.infer<typeof Approval>;

export const Refusal = z
  .object({ actor: z.string(), reason: z.string(), at: time })
  .meta({ id: 'Refusal', description: 'Who said no, and why: until somebody approves it after that.' });
export type Refusal = z.infer<typeof Refusal>;

export const ApprovalRequest = z
  .object({
    id: z.string().describe('a digest of all that it is bound to'),
    state: z
      .enum(['waiting', 'approved', 'refused', 'void'])
      .describe(
        '`refused`: somebody said no, and nobody has approved it since; `void`: the policy has another version, asks for none any more, or its target is not promoted',
      ),
    group: z.string(),
    policy: z.string(),
    policyVersion: count,
    cause: ApprovedCause,
    target: Image,
    needed: count.describe('how many different people'),
    barred: z
      .array(z.string())
      .describe(
        'who applied this version of the policy, promoted the image, or asked for it by hand: never one of them',
      ),
    approvals: z.array(Approval),
    refused: Refusal.nullable(),
    createdAt: time,
  })
  .meta({
    id: 'ApprovalRequest',
    description: 'What waits for a person: a policy version, a cause and a target image, and nothing else.',
  });
export type ApprovalRequest = z.infer<typeof ApprovalRequest>;
