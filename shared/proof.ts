import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { Coverage } from './coverage.ts';
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

/**
 * The signed record that a replacement was measured clean: by a complete scan, without holes, that began after the launch,
 * reported over a channel that the new instance's own key opened. The statement's subject is the new instance:
 * its name is the instance id, its digest the image digest.
 */
export const ProofStatement = statementOf(
  proofPredicateType,
  z.object({
    replacementId: z.string(),
    group: z.string(),
    old: z.object({ instanceId: z.string(), providerId: z.string(), imageDigest: z.string() }),
    cause: Cause,
    policy: z.object({ name: z.string(), version: z.int() }),
    new: z.object({
      instanceId: z.string(),
      providerId: z.string(),
      key: z.string().describe('keyId of the agent’s Ed25519 key'),
      image: Image,
    }),
    scan: z.object({
      scanId: z.string(),
      boot: z.int(),
      seq: z.int(),
      startedAt: time,
      finishedAt: time,
      verdict: z.literal('in_sync'),
      stateDigest: z.string(),
      rules: z.int(),
      coverage: Coverage,
    }),
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
    provenAt: time,
  }),
);
export type ProofStatement = z.infer<typeof ProofStatement>;

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
  if (subject?.name !== predicate.new.instanceId) refuse('its subject is not the new instance');
  if (`sha256:${subject?.digest.sha256}` !== predicate.new.image.digest)
    refuse('its subject digest is not the image digest');
  if (predicate.old.instanceId === predicate.new.instanceId) refuse('old and new instance are the same');
  if (predicate.scan.startedAt < predicate.launchedAt) refuse('the scan began before the launch');
  if (predicate.scan.finishedAt < predicate.scan.startedAt) refuse('the scan ended before it began');
  if (predicate.scan.coverage.holes.length > 0) refuse('the scan had holes');
  if (predicate.scan.coverage.checked === 0) refuse('the scan looked at nothing');
  const { outside } = predicate;
  if (outside !== undefined && outside.startedAt < predicate.launchedAt)
    refuse('the outside look began before the launch');
  if (outside !== undefined && outside.imageDigest !== predicate.new.image.digest)
    refuse('the outside look was for another image');
  return statement;
}
