import { z } from 'zod';
import { Hold } from './api-holds.ts';
import { PolicyWarning } from './api-policies.ts';
import { Promotion, RolloutView } from './api-promotions.ts';
import { Coverage, Hole } from './coverage.ts';
import { Digest } from './digest.ts';
import { Doubt } from './doubt.ts';
import { Envelope } from './dsse.ts';
import { EnrolmentWay } from './enrolment.ts';
import { Exempted } from './exemption.ts';
import { Change, Finding, FindingAttributes, Fingerprint } from './finding.ts';
import { Image, ImageRef } from './image.ts';
import { Group, Policy, Strategy } from './policy.ts';
import { Cause } from './proof.ts';
import { Severity } from './severity.ts';
import { Verdict } from './verdict.ts';

/** What the HTTP API under /api/v1 says: the server answers with it, pristinectl and the console read it, OpenAPI is made from it. */

const time = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();
export function pageOf<S extends z.ZodType>(item: S) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

export const Liveness = z.enum(['online', 'silent', 'absent']).meta({ id: 'Liveness' });
export const Currency = z.enum(['current', 'outdated', 'expired', 'unknown']).meta({ id: 'Currency' });
export const Lifecycle = z.enum(['active', 'replacing', 'quarantined', 'retired']).meta({ id: 'Lifecycle' });
export type Liveness = z.infer<typeof Liveness>;
export type Currency = z.infer<typeof Currency>;
export type Lifecycle = z.infer<typeof Lifecycle>;

export const Evidence = z
  .object({
    scanId: z.string(),
    startedAt: time,
    finishedAt: time,
    expiresAt: time,
    imageDigest: Digest,
    rules: count,
    stateDigest: Digest,
    coverage: Coverage,
  })
  .meta({ id: 'Evidence', description: 'What the verdict rests on: the last complete scan. It expires.' });
export type Evidence = z.infer<typeof Evidence>;

export const Taint = z.object({ severity: Severity, since: time }).meta({ id: 'Taint' });
export type Taint = z.infer<typeof Taint>;

export const Instance = z
  .object({
    id: z.string(),
    providerId: z.string().nullable(),
    zone: z.string().nullable().describe('where its machine is, as its provider calls it'),
    group: z.string(),
    image: Image.nullable().describe('null when no pushed image has this digest'),
    imageDigest: Digest,
    key: z.string().describe('keyId of the agent’s public key'),
    labels: z.record(z.string(), z.string()),
    content: Verdict,
    liveness: Liveness,
    currency: Currency,
    lifecycle: Lifecycle,
    needsAttention: z.boolean(),
    taint: Taint.nullable(),
    doubts: z.array(Doubt),
    openFindings: count,
    exempted: z
      .object({ findings: count, until: time.describe('when the first of them is over') })
      .nullable()
      .describe('open findings that count for nothing, by an exemption'),
    evidence: Evidence.nullable(),
    serverHoles: z
      .array(Hole)
      .describe(
        'what the server itself holds against it, also before the first scan: no sweep closes `unknown-image` and `seen-outside`',
      ),
    enrolledBy: EnrolmentWay,
    enrolledWith: z.string().nullable().describe('what vouched for it: the id of a token, or what a cloud said'),
    startedFrom: z
      .string()
      .nullable()
      .describe('what it was started from, as its cloud or the configuration of the server calls it'),
    enrolledAt: time,
    lastSeenAt: time,
    facts: z.record(z.string(), z.string()).describe('what its agent says of itself: shown, and decides nothing'),
  })
  .meta({ id: 'Instance' });
export type Instance = z.infer<typeof Instance>;

export const InstanceFinding = z
  .object({
    ...Finding.shape,
    firstSeenAt: time,
    lastSeenAt: time,
    closedAt: time.nullable(),
    beneath: Fingerprint.nullable().describe('of the relabel that it is part of'),
    exempted: Exempted.nullable(),
  })
  .meta({ id: 'InstanceFinding' });
export type InstanceFinding = z.infer<typeof InstanceFinding>;

export const Drift = z
  .object({
    fingerprint: Fingerprint,
    subject: z.string(),
    name: z.string(),
    change: Change,
    attributes: z.array(z.string()),
    severity: Severity,
    expected: FindingAttributes,
    actual: FindingAttributes,
    files: count
      .nullable()
      .describe('of a relabel, how many files of one instance at most are beneath it; null for a drift of one subject'),
    openInstances: count,
    exemptInstances: count.describe('of those on which it is open, where it counts for nothing'),
    exemptUntil: time.nullable().describe('on the one where that lasts longest'),
    totalInstances: count,
    firstSeenAt: time,
    lastSeenAt: time,
  })
  .meta({ id: 'Drift' });
export type Drift = z.infer<typeof Drift>;

export const PushedImage = z
  .object({
    ...Image.shape,
    platform: z.object({ os: z.string(), arch: z.string(), distro: z.string() }),
    entries: count,
    rules: count,
    entriesKept: z
      .boolean()
      .describe('whether its entries were pushed too: without them no disk is looked at from outside'),
    signedBy: z.array(z.string()),
    pushedAt: time,
    instances: count,
  })
  .meta({ id: 'PushedImage' });
export type PushedImage = z.infer<typeof PushedImage>;

export const PushImage = z.object({ manifest: Envelope, rules: Envelope }).meta({ id: 'PushImage' });
export type PushImage = z.infer<typeof PushImage>;

export const TrustedKey = z
  .object({ id: z.string(), name: z.string(), pem: z.string(), trustedAt: time })
  .meta({ id: 'TrustedKey' });
export type TrustedKey = z.infer<typeof TrustedKey>;

export const TrustKey = z
  .strictObject({ name: z.string().min(1).max(128), pem: z.string().max(8_192) })
  .meta({ id: 'TrustKey' });
export type TrustKey = z.infer<typeof TrustKey>;

export const Breaker = z
  .object({ cause: z.string(), trippedAt: time })
  .meta({ id: 'Breaker', description: 'Latched: nothing is replaced in the group until a person resets it.' });
export type Breaker = z.infer<typeof Breaker>;

export const GroupView = z
  .object({
    group: Group,
    version: count,
    size: count.describe('desired size'),
    content: z.object({ in_sync: count, drifted: count, unverifiable: count }),
    tainted: count,
    replacing: count,
    breaker: Breaker.nullable(),
    holds: z.array(Hold).describe('in force: on everything, on it, or on one of its instances'),
    promotion: Promotion.nullable().describe('the latest of the channel `stable`'),
    rollouts: z.array(RolloutView).describe('of the images that it promotes'),
    rollsBackTo: ImageRef.nullable().describe('the image that was stable before this one: what a rollback promotes'),
    updatedAt: time,
  })
  .meta({ id: 'GroupView' });
export type GroupView = z.infer<typeof GroupView>;

export const LaunchInstances = z
  .strictObject({
    count: z.int().positive().max(100),
    key: z
      .string()
      .max(64)
      .regex(/^[a-z0-9-]+$/)
      .describe('idempotency key: the same key launches once'),
  })
  .meta({ id: 'LaunchInstances' });
export type LaunchInstances = z.infer<typeof LaunchInstances>;
export const Launched = z.object({ providerIds: z.array(z.string()) }).meta({ id: 'Launched' });

export const Asked = z.object({ instanceId: z.string(), asked: z.literal(true) }).meta({ id: 'Asked' });

/** What a person says when overruling: it is kept with the event. */
export const Reason = z.strictObject({ reason: z.string().trim().min(1).max(1_000) }).meta({ id: 'Reason' });

/** Why a replacement is not happening now. */
export const blockerKinds = [
  'hold',
  'observe',
  'settle',
  'window',
  'new-rules',
  'budget',
  'fleet-budget',
  'start-rate',
  'first-runs',
  'breaker',
  'no-target',
  'template',
  'canary',
  'rollout-paused',
  'stale-evidence',
  'in-doubt',
  'no-witness',
  'mass-silence',
  'mass-unverifiable',
  'holds-state',
  'runs-pristine',
  'server-away',
  'approval',
  'not-stateless',
  'retry-backoff',
  'retries-spent',
  'quarantine-full',
  'provider',
] as const;
export const Blocker = z
  .object({ kind: z.enum(blockerKinds), message: z.string(), until: time.nullable() })
  .meta({ id: 'Blocker' });
export type Blocker = z.infer<typeof Blocker>;
export type BlockerKind = Blocker['kind'];

export const PlanView = z
  .object({
    computedAt: time,
    commands: z.array(z.object({ policy: z.string(), instanceId: z.string(), cause: Cause, target: Image })),
    blocked: z.array(
      z.object({ policy: z.string(), instanceId: z.string(), cause: Cause, blockers: z.array(Blocker) }),
    ),
  })
  .meta({ id: 'Plan' });
export type PlanView = z.infer<typeof PlanView>;

export const PolicyView = z.object({ policy: Policy, version: count, updatedAt: time }).meta({ id: 'PolicyView' });
export type PolicyView = z.infer<typeof PolicyView>;

export const replacementStates = [
  'reserved',
  'launching',
  'verifying',
  'draining',
  'terminating',
  'quarantining',
  'proving',
  'soaking',
  'succeeded',
  'rolling_back',
  'failed',
  'stuck',
] as const;
export const ReplacementState = z.enum(replacementStates).meta({ id: 'ReplacementState' });
export type ReplacementState = z.infer<typeof ReplacementState>;

export const ReplacementView = z
  .object({
    id: z.string(),
    group: z.string(),
    policy: z.string(),
    policyVersion: count,
    approval: z.string().nullable().describe('the request by which people approved it; null where nobody was asked'),
    cause: Cause,
    state: ReplacementState,
    order: Strategy.shape.order.unwrap(),
    lineage: z
      .string()
      .describe('id of the first of those that replace one instance for one trigger, each because the last one failed'),
    attempt: z.int().positive().describe('which of its lineage it is'),
    target: Image,
    oldInstanceId: z.string(),
    oldProviderId: z.string(),
    newInstanceId: z.string().nullable(),
    newProviderId: z.string().nullable(),
    launchedAt: time.nullable(),
    error: z.string().nullable().describe('why it failed or is stuck'),
    steps: z.array(z.object({ state: ReplacementState, at: time, detail: z.string() })),
    proof: Envelope.nullable(),
    revokedAt: time.nullable().describe('since then the proof holds no more: the drift came back'),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Replacement' });
export type ReplacementView = z.infer<typeof ReplacementView>;

export const RequestReplacement = z
  .strictObject({
    instanceId: z.string(),
    policy: z.string().describe('one that selects it and has `{manual: true}` among its triggers'),
    reason: z.string().trim().min(1).max(1_000),
  })
  .meta({ id: 'RequestReplacement' });
export const RequestedReplacement = z
  .object({
    instanceId: z.string(),
    policy: z.string(),
    blockers: z
      .array(Blocker)
      .describe('what holds it back now; it begins once nothing does, or is forgotten after a day'),
  })
  .meta({ id: 'RequestedReplacement' });

export const ApplyResult = z
  .object({
    kind: z.enum(['Group', 'Policy', 'Exemption']),
    name: z.string(),
    version: count,
    result: z.enum(['created', 'changed', 'unchanged']),
    warnings: z.array(PolicyWarning).describe('of a policy, what a person should look at before it acts'),
  })
  .meta({ id: 'ApplyResult' });
export type ApplyResult = z.infer<typeof ApplyResult>;

/** RFC 9457. `code` is stable and of our catalogue, `detail` says expected and got. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;
