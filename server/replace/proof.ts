import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import pkg from '../../package.json' with { type: 'json' };
import type { LookMeasure } from '../../shared/api-looks.ts';
import { timestamp } from '../../shared/clock.ts';
import { Coverage } from '../../shared/coverage.ts';
import { digestOf } from '../../shared/digest.ts';
import { type Envelope, keyId, parsePrivateKey, signEnvelope, unsignedEnvelope } from '../../shared/dsse.ts';
import { CodedError } from '../../shared/errors.ts';
import {
  type AssuranceLevel,
  instanceUri,
  ProofStatement,
  planDigestOf,
  proofPredicateType,
  verifyProof,
} from '../../shared/proof.ts';
import { writeOnce } from '../store/data-directory.ts';
import type { Db } from '../store/database.ts';
import { isOnRecord } from '../store/evidence-store.ts';
import { exemptedFindings } from '../store/exempt-finding-store.ts';
import { findImage, type StoredImage } from '../store/image-store.ts';
import { findInstance, type StoredInstance } from '../store/instance-store.ts';
import type { StoredLook } from '../store/look-store.ts';
import type { ProvingScan, Replacement } from '../store/replacement-store.ts';
import { findRules } from '../store/rules-store.ts';
import { launchKeyOf } from './launch-key.ts';
import { type CleanScan, isCleanLook } from './world.ts';

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

interface Bindings {
  readonly scan: ProvingScan;
  readonly old: StoredInstance;
  readonly made: StoredInstance;
  readonly image: StoredImage;
  readonly launchedAt: number;
  readonly retiredAt: number;
  readonly newProviderId: string;
  readonly policyDigest: string;
}

/**
 * All that a proof binds together, each looked up in the store before it is signed. Errors: PROOF with the binding that does
 * not hold.
 */
export async function readBindings(db: Db, replacement: Replacement, look: StoredLook | null): Promise<Bindings> {
  const { id, scan, launchedAt, retiredAt, newInstanceId, newProviderId, policyDigest } = replacement;
  const holds = expecting(id);
  if (scan === null || launchedAt === null || retiredAt === null || newInstanceId === null || newProviderId === null) {
    throw new CodedError('PROOF', `replacement ${id}: expected a scan, a launch and a retirement on record`);
  }
  const old = await findInstance(db, replacement.oldInstanceId);
  const made = await findInstance(db, newInstanceId);
  const image = await findImage(db, replacement.targetDigest);
  if (old === undefined || made === undefined || image === undefined || policyDigest === null) {
    throw new CodedError('PROOF', `replacement ${id}: expected both instances, the image and the policy in the store`);
  }
  const isAway = old.lifecycle === 'retired' || old.lifecycle === 'quarantined';
  holds(isAway && old.providerId === replacement.oldProviderId, 'its predecessor is retired, or kept apart');
  holds(made.launchKey === launchKeyOf(id), 'the new instance is of this launch');
  holds(made.providerId === newProviderId, 'the new instance runs on the machine that was launched');
  holds(made.keyId !== old.keyId, 'the new instance has a key of its own');
  holds(made.group === replacement.group && old.group === replacement.group, 'both are of the group');
  holds(made.imageDigest === image.digest, 'the new instance is of the target image');
  holds(made.taint === null, 'the new instance never drifted');
  holds(
    await isOnRecord(db, { ...scan, instanceId: made.id, imageDigest: image.digest }),
    'the scan is in the evidence',
  );
  if (look !== null) {
    holds(look.instanceId === newInstanceId, 'the outside look was at the new instance');
    holds(isCleanLook(look, image.digest), 'the outside look agreed and saw it clean');
  }
  return { scan, old, made, image, launchedAt, retiredAt, newProviderId, policyDigest };
}

interface Signing {
  readonly look: StoredLook | null;
  readonly after: CleanScan;
  readonly now: number;
}

/**
 * The signed record that the replacement was measured clean, before the old instance was given up and after the soak. The
 * finished proof goes through the same checks as at whoever reads it. Errors: PROOF with the binding that does not hold.
 */
export async function makeProof(
  db: Db,
  signer: ProofSigner,
  replacement: Replacement,
  { look, after, now }: Signing,
): Promise<Envelope> {
  const { id, soakEndsAt, group, cause, shapes } = replacement;
  const bindings = await readBindings(db, replacement, look);
  const { scan, old, made, image, newProviderId, policyDigest } = bindings;
  const holds = expecting(id);
  if ('missing' in after || soakEndsAt === null) {
    throw new CodedError('PROOF', `replacement ${id}: expected a clean scan after the soak`);
  }
  holds(after.instanceId === made.id, 'the scan after the soak is of the new instance');
  const again = { ...after.scan, instanceId: made.id, imageDigest: image.digest };
  holds(await isOnRecord(db, again), 'the scan after the soak is in the evidence');

  const { name, version, digest } = image;
  const policy = { name: replacement.policy, version: replacement.policyVersion };
  const inputs = [
    { uri: `urn:x-pristine:manifest:${name}@${version}`, digest: hexOf(digest) },
    ...(await rulesUsed(db, image, [scan.rules, after.scan.rules])),
  ];
  const claims = {
    ...{ replacementId: id, group, cause, shapes: [...shapes] },
    policy: { uri: `urn:x-pristine:policy:${policy.name}:${policy.version}`, digest: hexOf(policyDigest), ...policy },
    old: { instanceId: old.id, providerId: replacement.oldProviderId, imageDigest: old.imageDigest },
    new: { instanceId: made.id, providerId: newProviderId, key: made.keyId, image: { name, version, digest } },
  };
  const plannedAt = timestamp(replacement.createdAt);
  const statement: ProofStatement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: made.id, digest: hexOf(digest) }],
    predicateType: proofPredicateType,
    predicate: {
      verifier: {
        id: `urn:x-pristine:server:${keyId(createPublicKey(signer.key))}`,
        version: { 'pristine-server': pkg.version },
      },
      timeVerified: timestamp(now),
      resourceUri: instanceUri(made.id),
      inputAttestations: inputs,
      verificationResult: 'PASSED',
      verifiedLevels: [levelOf(made, look)],
      plan: { plannedAt, digest: planDigestOf({ ...claims, plan: { plannedAt } }) },
      approvals: await approvalsOf(db, replacement),
      ...claims,
      scan: cleanScan(scan),
      soak: { until: timestamp(soakEndsAt), scan: cleanScan(after.scan) },
      exempted: await uncounted(db, made.id, now),
      ...(look?.result.measure && { outside: seenOf(look.id, look.result.measure) }),
      launchedAt: timestamp(bindings.launchedAt),
      retiredAt: timestamp(bindings.retiredAt),
    },
  };
  const payload = Buffer.from(JSON.stringify(ProofStatement.parse(statement)), 'utf8');
  const envelope = signEnvelope(unsignedEnvelope(payload), signer.key);
  verifyProof(envelope, [createPublicKey(signer.key)]);
  return envelope;
}

function expecting(id: string): (condition: boolean, claim: string) => void {
  return (condition, claim) => {
    if (!condition) throw new CodedError('PROOF', `replacement ${id}: expected that ${claim}`);
  };
}

function cleanScan(scan: ProvingScan): ProofStatement['predicate']['scan'] {
  return { ...scan, verdict: 'in_sync', coverage: Coverage.parse(scan.coverage) };
}

/** Who had said yes when it began. */
async function approvalsOf(
  db: Db,
  { approval, createdAt }: Replacement,
): Promise<ProofStatement['predicate']['approvals']> {
  if (approval === null) return [];
  return db
    .selectFrom('approval')
    .select(['actor', 'created_at as at'])
    .where('request_id', '=', approval)
    .where('revoked_at', 'is', null)
    .where('created_at', '<=', timestamp(createdAt))
    .orderBy('id')
    .limit(100)
    .execute();
}

/** A cluster vouches for a pod and not for a machine, so that it counts as software. */
function levelOf({ enrolledBy }: StoredInstance, look: StoredLook | null): AssuranceLevel {
  if (look !== null) return 'PRISTINE_OUTSIDE_LOOK';
  return enrolledBy === 'aws' ? 'PRISTINE_CLOUD_IDENTITY' : 'PRISTINE_SOFTWARE';
}

/** Errors: PROOF where the rules that judged are not in the store. */
async function rulesUsed(db: Db, image: StoredImage, sequences: readonly number[]) {
  const used = [];
  for (const sequence of new Set(sequences)) {
    const baked = sequence === image.rulesSequence ? digestOf(Buffer.from(image.rules.payload, 'base64')) : undefined;
    const digest = baked ?? (await findRules(db, image.name, sequence))?.digest;
    if (digest === undefined) throw new CodedError('PROOF', `rules ${sequence} of ${image.name} are not in the store`);
    used.push({ uri: `urn:x-pristine:rules:${image.name}:${sequence}`, digest: hexOf(digest) });
  }
  return used;
}

/** Of an instance that is in sync, whatever is open does not count: by an exemption, or because it is of no weight. */
async function uncounted(db: Db, instanceId: string, now: number): Promise<ProofStatement['predicate']['exempted']> {
  const exempted = await exemptedFindings(db, instanceId, now);
  const by = new Map(exempted.map(({ fingerprint, exemption, until }) => [fingerprint, { exemption, until }]));
  const open = await db
    .selectFrom('finding')
    .innerJoin('drift', 'drift.fingerprint', 'finding.fingerprint')
    .select(['finding.fingerprint', 'drift.subject', 'drift.name', 'finding.severity'])
    .where('finding.instance_id', '=', instanceId)
    .where('finding.closed_at', 'is', null)
    .orderBy('finding.fingerprint')
    .limit(1_000)
    .execute();
  return open.map((finding) => ({ ...finding, ...by.get(finding.fingerprint) }));
}

function hexOf(digest: string): { readonly sha256: string } {
  return { sha256: digest.slice('sha256:'.length) };
}

function seenOf(lookId: string, measure: LookMeasure): NonNullable<ProofStatement['predicate']['outside']> {
  const { startedAt, finishedAt, imageDigest, rules, entries, checked, filesHashed, bytesHashed } = measure;
  const looked = { imageDigest, rules, entries, checked, filesHashed, bytesHashed };
  return { lookId, startedAt, finishedAt, verdict: 'in_sync', ...looked };
}
