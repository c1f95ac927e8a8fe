import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from './canonical-json.ts';
import { Coverage } from './coverage.ts';
import { sha256Hex } from './digest.ts';
import type { Envelope } from './dsse.ts';
import { CodedError } from './errors.ts';
import { Fingerprint } from './finding.ts';
import { Image } from './image.ts';
import { openStatement, statementOf } from './statement.ts';

export const proofPredicateType = 'urn:x-pristine:replacement-proof:v1';
const time = z.iso.datetime({ precision: 3 });

/** The cause of a replacement: what the old instance had, or lacked. */
export const Cause = z
  .discriminatedUnion('trigger', [
    z.strictObject({
      trigger: z.literal('drift'),
      severity: z.string(),
      fingerprints: z.array(Fingerprint).max(1_000),
    }),
    z.strictObject({ trigger: z.literal('outdated'), from: z.string(), to: z.string() }),
    z.strictObject({ trigger: z.literal('age'), olderThan: z.string(), enrolledAt: time }),
    z.strictObject({
      trigger: z.literal('silence'),
      silent: z.string(),
      since: time,
      witness: z
        .enum(['stopped', 'impaired'])
        .nullable()
        .describe('what its provider says of the machine; null: nothing against it'),
    }),
    z.strictObject({ trigger: z.literal('unverifiable'), unverifiable: z.string(), since: time }),
    z.strictObject({ trigger: z.literal('manual'), by: z.string(), reason: z.string(), askedAt: time }),
  ])
  .meta({ id: 'Cause' });
export type Cause = z.infer<typeof Cause>;

const Sha256 = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });

const CleanScan = z.object({
  scanId: z.string(),
  boot: z.int(),
  seq: z.int(),
  startedAt: time,
  finishedAt: time,
  verdict: z.literal('in_sync'),
  stateDigest: z.string(),
  rules: z.int(),
  coverage: Coverage,
});

/** What a measurement is worth, as SECURITY.md says: the highest that holds. */
export const assuranceLevels = ['PRISTINE_SOFTWARE', 'PRISTINE_CLOUD_IDENTITY', 'PRISTINE_OUTSIDE_LOOK'] as const;
export type AssuranceLevel = (typeof assuranceLevels)[number];

/**
 * The signed record that a replacement was measured clean: by a complete scan, without holes, that began after the launch,
 * and by another that began after the soak, reported over a channel that the new instance's own key opened. Who verified what,
 * when, by which policy, and with which result stands where a SLSA verification summary (slsa.dev/spec/v1.2) has it. The
 * statement's subject is the new instance: its name is the instance id, its digest the image digest.
 */
export const ProofStatement = statementOf(
  proofPredicateType,
  z.object({
    verifier: z.object({ id: z.string(), version: z.record(z.string(), z.string()) }),
    timeVerified: time.describe('when it was signed: after the soak'),
    resourceUri: z.string().describe('the new instance'),
    policy: z.object({ uri: z.string(), digest: Sha256, name: z.string(), version: z.int() }),
    inputAttestations: z
      .array(z.object({ uri: z.string(), digest: Sha256 }))
      .describe('the signed statements that were measured with: manifest and rules'),
    verificationResult: z.literal('PASSED'),
    verifiedLevels: z.array(z.enum(assuranceLevels)).length(1),
    plan: z.object({ digest: Sha256, plannedAt: time }).describe('what was decided, before anything was done'),
    approvals: z.array(z.object({ actor: z.string(), at: time })).max(100),
    replacementId: z.string(),
    group: z.string(),
    old: z.object({ instanceId: z.string(), providerId: z.string(), imageDigest: z.string() }),
    cause: Cause,
    shapes: z.array(z.string()).max(100).describe('how the old instance had drifted'),
    new: z.object({
      instanceId: z.string(),
      providerId: z.string(),
      key: z.string().describe('keyId of the agent’s Ed25519 key'),
      image: Image,
    }),
    scan: CleanScan.describe('before the old instance was given up'),
    soak: z.object({
      until: time,
      scan: CleanScan.describe('after the soak'),
    }),
    exempted: z
      .array(
        z.object({
          ...{ fingerprint: Fingerprint, subject: z.string(), name: z.string(), severity: z.string() },
          exemption: z.string().optional().describe('by which it is permitted; without one it is of no weight'),
          until: time.optional().describe('how long that exemption lasts'),
        }),
      )
      .max(1_000)
      .describe('differences of the new instance that are open and do not count'),
    outside: z
      .object({
        lookId: z.string(),
        startedAt: time,
        finishedAt: time,
        verdict: z.literal('in_sync'),
        imageDigest: z.string(),
        rules: z.int(),
        entries: z.int().positive(),
        checked: z.int().positive(),
        filesHashed: z.int(),
        bytesHashed: z.int(),
      })
      .optional()
      .describe('where the policy asks for it: what the server saw on the disk of the new instance, without its agent'),
    launchedAt: time,
    retiredAt: time,
  }),
);
export type ProofStatement = z.infer<typeof ProofStatement>;
type Predicate = ProofStatement['predicate'];

/** Of all that was decided when the replacement was begun. Whoever has the proof can take it again. */
export function planDigestOf(
  predicate: Pick<Predicate, 'replacementId' | 'group' | 'policy' | 'cause' | 'shapes' | 'old' | 'new'> & {
    readonly plan: Pick<Predicate['plan'], 'plannedAt'>;
  },
): z.infer<typeof Sha256> {
  const { replacementId, group, policy, cause, shapes, old, plan } = predicate;
  const decided = { replacementId, group, policy, cause, shapes, old, plannedAt: plan.plannedAt };
  return { sha256: sha256Hex(canonicalJson({ ...decided, target: predicate.new.image })) };
}

/** Where an instance is meant outside its server. */
export function instanceUri(instanceId: string): string {
  return `urn:x-pristine:instance:${instanceId}`;
}

/**
 * What `pristinectl proof verify` does: signature, type, then the claims themselves, so that a signed but senseless
 * proof is refused. Errors: UNSIGNED, SIGNATURE, PAYLOAD_TYPE, STATEMENT, PROOF.
 */
export function verifyProof(envelope: Envelope, keys: readonly KeyObject[]): ProofStatement {
  const { statement } = openStatement(envelope, keys, ProofStatement);
  const { predicate } = statement;
  const refuse = (why: string): never => {
    throw new CodedError('PROOF', `the proof is signed but does not hold: ${why}`);
  };
  const subject = statement.subject[0];
  const { image } = predicate.new;
  if (subject?.name !== predicate.new.instanceId) refuse('its subject is not the new instance');
  if (`sha256:${subject?.digest.sha256}` !== image.digest) refuse('its subject digest is not the image digest');
  if (predicate.resourceUri !== instanceUri(predicate.new.instanceId)) refuse('its resource is not the new instance');
  if (predicate.old.instanceId === predicate.new.instanceId) refuse('old and new instance are the same');
  if (predicate.inputAttestations.every(({ digest }) => `sha256:${digest.sha256}` !== image.digest))
    refuse('it was not measured with the manifest of the image');
  if (predicate.plan.digest.sha256 !== planDigestOf(predicate).sha256) refuse('the plan was another one');
  const { scan, soak } = predicate;
  if (scan.startedAt < predicate.launchedAt) refuse('the scan began before the launch');
  if (soak.until < predicate.retiredAt) refuse('the soak ended before the old instance was retired');
  if (soak.scan.startedAt < soak.until) refuse('no scan began after the soak');
  for (const each of [scan, soak.scan]) {
    if (each.finishedAt < each.startedAt) refuse('the scan ended before it began');
    if (each.coverage.holes.length > 0) refuse('the scan had holes');
    if (each.coverage.checked === 0) refuse('the scan looked at nothing');
  }
  const { outside } = predicate;
  const isSeen = predicate.verifiedLevels.includes('PRISTINE_OUTSIDE_LOOK');
  if (isSeen !== (outside !== undefined)) refuse('its level is not that of what was measured');
  if (outside !== undefined && outside.startedAt < predicate.launchedAt)
    refuse('the outside look began before the launch');
  if (outside !== undefined && outside.imageDigest !== image.digest) refuse('the outside look was for another image');
  return statement;
}
