import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type Envelope, signEnvelope, unsignedEnvelope } from '../../shared/dsse.ts';
import { instanceUri, type ProofStatement, planDigestOf, proofPredicateType } from '../../shared/proof.ts';
import { proofDigestOf, type RevocationStatement, revocationPredicateType } from '../../shared/revocation.ts';
import { aCoverage, anImageDigest } from './builders.ts';

export function aKeyPair() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicKey, pub: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

/** A proof that holds, once signed. */
export function aProofStatement(overrides: Partial<ProofStatement['predicate']> = {}): ProofStatement {
  const image = { name: 'web', version: '7', digest: anImageDigest };
  const sha256 = anImageDigest.slice('sha256:'.length);
  const plannedAt = '2025-12-31T23:59:00.000Z';
  const claims = {
    replacementId: 'replacement-1',
    group: 'web',
    old: { instanceId: 'old-instance', providerId: 'machine-1', imageDigest: anImageDigest },
    cause: { trigger: 'drift' as const, severity: 'high', fingerprints: ['0'.repeat(64)] },
    shapes: ['modified file /etc/motd'],
    policy: { uri: 'urn:x-pristine:policy:web:1', digest: { sha256 }, name: 'web', version: 1 },
    new: { instanceId: 'new-instance', providerId: 'machine-2', key: 'sha256:00', image },
    ...overrides,
  };
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'new-instance', digest: { sha256 } }],
    predicateType: proofPredicateType,
    predicate: {
      verifier: { id: 'urn:x-pristine:server:sha256:00', version: { 'pristine-server': '0.1.0' } },
      timeVerified: '2026-01-01T00:12:00.000Z',
      resourceUri: instanceUri('new-instance'),
      inputAttestations: [{ uri: 'urn:x-pristine:manifest:web@7', digest: { sha256 } }],
      verificationResult: 'PASSED',
      verifiedLevels: [overrides.outside === undefined ? 'PRISTINE_SOFTWARE' : 'PRISTINE_OUTSIDE_LOOK'],
      plan: { plannedAt, digest: planDigestOf({ ...claims, plan: { plannedAt } }) },
      approvals: [],
      scan: aProvingScan('2026-01-01T00:01:00.000Z'),
      soak: { until: '2026-01-01T00:10:00.000Z', scan: aProvingScan('2026-01-01T00:10:01.000Z') },
      exempted: [],
      launchedAt: '2026-01-01T00:00:00.000Z',
      retiredAt: '2026-01-01T00:03:00.000Z',
      ...claims,
    },
  };
}

export function aProvingScan(
  startedAt: string,
  overrides: Partial<ProofStatement['predicate']['scan']> = {},
): ProofStatement['predicate']['scan'] {
  return {
    ...{ scanId: 'scan-1', boot: 1, seq: 1, verdict: 'in_sync', stateDigest: anImageDigest, rules: 1 },
    ...{ startedAt, finishedAt: startedAt, coverage: aCoverage() },
    ...overrides,
  };
}

export function signedProof(statement: ProofStatement, key: KeyObject): Envelope {
  return signEnvelope(unsignedEnvelope(Buffer.from(JSON.stringify(statement))), key);
}

/** The record that this proof holds no more. */
export function aRevocation(proof: Envelope, key: KeyObject): Envelope {
  const statement: RevocationStatement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'replacement-1', digest: { sha256: proofDigestOf(proof) } }],
    predicateType: revocationPredicateType,
    predicate: {
      ...{ replacementId: 'replacement-1', group: 'web', instanceId: 'new-instance', fingerprint: '0'.repeat(64) },
      ...{ shape: 'modified file /etc/motd', seenAt: '2026-01-01T23:59:00.000Z' },
      revokedAt: '2026-01-02T00:00:00.000Z',
    },
  };
  return signEnvelope(unsignedEnvelope(Buffer.from(JSON.stringify(statement))), key);
}
