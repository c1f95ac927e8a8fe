import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { LookMeasure } from '../../shared/api-looks.ts';
import { timestamp } from '../../shared/clock.ts';
import { Coverage } from '../../shared/coverage.ts';
import { type Envelope, parsePrivateKey, signEnvelope, unsignedEnvelope } from '../../shared/dsse.ts';
import { CodedError } from '../../shared/errors.ts';
import { ProofStatement, proofPredicateType, verifyProof } from '../../shared/proof.ts';
import { writeOnce } from '../store/data-directory.ts';
import type { Db } from '../store/database.ts';
import { isOnRecord } from '../store/evidence-store.ts';
import { findImage } from '../store/image-store.ts';
import { findInstance } from '../store/instance-store.ts';
import type { StoredLook } from '../store/look-store.ts';
import type { Replacement } from '../store/replacement-store.ts';
import { launchKeyOf } from './launch-key.ts';
import { isCleanLook } from './world.ts';

export interface ProofSigner {
  /** SPKI PEM: what verifiers of our proofs trust. */
  readonly publicPem: string;
  readonly key: KeyObject;
}

/** The key is made at the first start, 0600, and never again. Errors: KEY, IO. */
export async function openProofSigner(file: string): Promise<ProofSigner> {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writeOnce(file, pem.toString());
  const key = parsePrivateKey(await readFile(file, 'utf8'));
  return { key, publicPem: createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString() };
}

/**
 * The signed record that the replacement was measured clean. Every binding is looked up in the store before it is
 * signed, and the finished proof goes through the same checks as at whoever reads it. Errors: PROOF with the binding
 * that does not hold.
 */
export async function makeProof(
  db: Db,
  signer: ProofSigner,
  replacement: Replacement,
  { look, now }: { readonly look: StoredLook | null; readonly now: number },
): Promise<Envelope> {
  const { id, scan, launchedAt, retiredAt, newInstanceId, newProviderId } = replacement;
  const holds = (condition: boolean, claim: string): void => {
    if (!condition) throw new CodedError('PROOF', `replacement ${id}: expected that ${claim}`);
  };
  if (scan === null || launchedAt === null || retiredAt === null || newInstanceId === null || newProviderId === null) {
    throw new CodedError('PROOF', `replacement ${id}: expected a scan, a launch and a retirement on record`);
  }
  const old = await findInstance(db, replacement.oldInstanceId);
  const made = await findInstance(db, newInstanceId);
  const image = await findImage(db, replacement.targetDigest);
  if (old === undefined || made === undefined || image === undefined) {
    throw new CodedError('PROOF', `replacement ${id}: expected both instances and the image in the store`);
  }
  holds(old.lifecycle === 'retired' && old.providerId === replacement.oldProviderId, 'its predecessor is retired');
  holds(made.launchKey === launchKeyOf(id), 'the new instance is of this launch');
  holds(made.providerId === newProviderId, 'the new instance runs on the machine that was launched');
  holds(made.keyId !== old.keyId, 'the new instance has a key of its own');
  holds(made.group === replacement.group && old.group === replacement.group, 'both are of the group');
  holds(made.imageDigest === image.digest, 'the new instance is of the target image');
  holds(made.taint === null, 'the new instance never drifted');
  const coverage = Coverage.parse(scan.coverage);
  const recorded = { ...scan, instanceId: newInstanceId, imageDigest: image.digest };
  holds(await isOnRecord(db, recorded), 'the scan is in the evidence');
  if (look !== null) {
    holds(look.instanceId === newInstanceId, 'the outside look was at the new instance');
    holds(isCleanLook(look, image.digest), 'the outside look agreed and saw it clean');
  }

  const { name, version, digest } = image;
  const statement: ProofStatement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: made.id, digest: { sha256: digest.slice('sha256:'.length) } }],
    predicateType: proofPredicateType,
    predicate: {
      replacementId: id,
      group: replacement.group,
      old: { instanceId: old.id, providerId: replacement.oldProviderId, imageDigest: old.imageDigest },
      cause: replacement.cause,
      policy: { name: replacement.policy, version: replacement.policyVersion },
      new: { instanceId: made.id, providerId: newProviderId, key: made.keyId, image: { name, version, digest } },
      scan: { ...scan, verdict: 'in_sync', coverage },
      ...(look?.result.measure && { outside: seenOf(look.id, look.result.measure) }),
      launchedAt: timestamp(launchedAt),
      retiredAt: timestamp(retiredAt),
      provenAt: timestamp(now),
    },
  };
  const payload = Buffer.from(JSON.stringify(ProofStatement.parse(statement)), 'utf8');
  const envelope = signEnvelope(unsignedEnvelope(payload), signer.key);
  verifyProof(envelope, [createPublicKey(signer.key)]);
  return envelope;
}

function seenOf(lookId: string, measure: LookMeasure): NonNullable<ProofStatement['predicate']['outside']> {
  const { startedAt, finishedAt, imageDigest, rules, entries, checked, filesHashed, bytesHashed } = measure;
  const looked = { imageDigest, rules, entries, checked, filesHashed, bytesHashed };
  return { lookId, startedAt, finishedAt, verdict: 'in_sync', ...looked };
}
