import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type Envelope, signEnvelope, unsignedEnvelope } from '../../shared/dsse.ts';
import { type ProofStatement, proofPredicateType } from '../../shared/proof.ts';
import { aCoverage, anImageDigest } from './builders.ts';

export function aKeyPair() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicKey, pub: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

/** A proof that holds, once signed. */
export function aProofStatement(overrides: Partial<ProofStatement['predicate']> = {}): ProofStatement {
  const image = { name: 'web', version: '7', digest: anImageDigest };
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'new-instance', digest: { sha256: anImageDigest.slice('sha256:'.length) } }],
    predicateType: proofPredicateType,
    predicate: {
      replacementId: 'replacement-1',
      group: 'web',
      old: { instanceId: 'old-instance', providerId: 'machine-1', imageDigest: anImageDigest },
      cause: { trigger: 'drift', severity: 'high', fingerprints: ['0'.repeat(64)] },
      policy: { name: 'web', version: 1 },
      new: { instanceId: 'new-instance', providerId: 'machine-2', key: 'sha256:00', image },
      scan: {
        ...{ scanId: 'scan-1', boot: 1, seq: 1, verdict: 'in_sync', stateDigest: anImageDigest, rules: 1 },
        startedAt: '2026-01-01T00:01:00.000Z',
        finishedAt: '2026-01-01T00:02:00.000Z',
        coverage: aCoverage(),
      },
      launchedAt: '2026-01-01T00:00:00.000Z',
      retiredAt: '2026-01-01T00:03:00.000Z',
      provenAt: '2026-01-01T00:04:00.000Z',
      ...overrides,
    },
  };
}

export function signedProof(statement: ProofStatement, key: KeyObject): Envelope {
  return signEnvelope(unsignedEnvelope(Buffer.from(JSON.stringify(statement))), key);
}
