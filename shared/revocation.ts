import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { digestOf } from './digest.ts';
import { Envelope } from './dsse.ts';
import { CodedError } from './errors.ts';
import { Fingerprint } from './finding.ts';
import { openStatement, statementOf } from './statement.ts';

export const revocationPredicateType = 'urn:x-pristine:proof-revocation:v1';
/** So long after its signature a proof is taken back when the shape that it was to end is there again. */
export const revocableMs = 24 * 3_600_000;
const time = z.iso.datetime({ precision: 3 });

/** The signed record that a proof holds no more. The statement's subject is the proof: its digest is that of its payload. */
export const RevocationStatement = statementOf(
  revocationPredicateType,
  z.object({
    replacementId: z.string(),
    group: z.string(),
    instanceId: z.string(),
    shape: z.string().describe('how the old instance had drifted, and the new one does'),
    fingerprint: Fingerprint,
    seenAt: time,
    revokedAt: time,
  }),
);
export type RevocationStatement = z.infer<typeof RevocationStatement>;

export const Revocation = z
  .object({
    replacementId: z.string(),
    group: z.string(),
    instanceId: z.string(),
    shape: z.string(),
    fingerprint: Fingerprint,
    revokedAt: time,
    envelope: Envelope,
  })
  .meta({ id: 'Revocation', description: 'A proof that holds no more: the drift that it was to end came back.' });
export type Revocation = z.infer<typeof Revocation>;

/** Either what `pristinectl proof revocations --json` prints, or the envelopes alone. Errors: STATEMENT. */
export function parseRevocations(text: string): readonly Envelope[] {
  try {
    const listed = z.union([z.object({ items: z.array(z.object({ envelope: Envelope })) }), z.array(Envelope)]);
    const read = listed.parse(JSON.parse(text));
    return 'items' in read ? read.items.map(({ envelope }) => envelope) : read;
  } catch (cause) {
    throw new CodedError('STATEMENT', 'expected what `pristinectl proof revocations --json` prints', cause);
  }
}

/** The payload of a proof is what is revoked, whoever else signs it too. */
export function proofDigestOf({ payload }: Envelope): string {
  return digestOf(Buffer.from(payload, 'base64')).slice('sha256:'.length);
}

/**
 * What revokes the proof; undefined where nothing does. One that is not signed as it should be is refused and not passed
 * over: whoever can spoil it could hide it. Errors: UNSIGNED, SIGNATURE, PAYLOAD_TYPE, STATEMENT.
 */
export function revocationOf(
  proof: Envelope,
  revocations: readonly Envelope[],
  keys: readonly KeyObject[],
): RevocationStatement['predicate'] | undefined {
  const digest = proofDigestOf(proof);
  const opened = revocations.map((envelope) => openStatement(envelope, keys, RevocationStatement).statement);
  return opened.find(({ subject }) => subject[0]?.digest.sha256 === digest)?.predicate;
}
