import { generateKeyPairSync } from 'node:crypto';
import type { Insertable } from 'kysely';
import type { Db } from '../../server/store/database.ts';
import type { InstanceTable, ReplacementTable } from '../../server/store/tables.ts';
import { digestOf } from '../../shared/digest.ts';
import { signEnvelope, unsignedEnvelope } from '../../shared/dsse.ts';
import type { Finding } from '../../shared/finding.ts';
import { type Cause, instanceUri } from '../../shared/proof.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import { aCoverage } from './builders.ts';
import { aProofStatement } from './proofs.ts';

const minute = 60_000;
export const web7 = { name: 'web', version: '7', digest: digestOf('web@7') };

type Row = Insertable<InstanceTable>;

/** One replacement that ended with a proof, and one that failed. */
export async function seedReplacements(
  db: Db,
  now: number,
  { finding, retired, successor, failing }: { finding: Finding; retired: Row; successor: Row; failing: Row },
): Promise<{ readonly proven: string; readonly failed: string }> {
  const at = (minutesAgo: number) => new Date(now - minutesAgo * minute).toISOString();
  const cause: Cause = { trigger: 'drift', severity: 'high', fingerprints: [finding.fingerprint] };
  const proven = aReplacement(now - 185 * minute, {
    cause: JSON.stringify(cause),
    old_instance_id: retired.id,
    old_provider_id: 'web-02',
  });
  const proof = aProof(proven.id, cause, retired.id, successor, at);
  const failed = aReplacement(now - 40 * minute, {
    ...{ cause: JSON.stringify(cause), old_instance_id: failing.id, old_provider_id: 'web-07', state: 'failed' },
    error: 'the new instance was drifted before its first clean scan: /etc/motd modified',
    launched_at: at(39),
  });
  await db
    .insertInto('replacement')
    .values([
      {
        ...proven,
        new_instance_id: successor.id,
        new_provider_id: 'web-13',
        proof,
        launched_at: at(184),
        retired_at: at(181),
        updated_at: at(176),
      },
      failed,
    ])
    .execute();
  const steps = ['reserved', 'launching', 'verifying', 'draining', 'terminating', 'proving', 'soaking', 'succeeded'];
  const stepRows = steps.map((state, n) => ({
    replacement_id: proven.id,
    n,
    state,
    detail: details[state] ?? '',
    at: at(185 - n * 1.13),
  }));
  const failedSteps = ['reserved', 'launching', 'verifying', 'rolling_back', 'failed'];
  const failedRows = failedSteps.map((state, n) => ({
    replacement_id: failed.id,
    n,
    state,
    detail: details[state] ?? '',
    at: at(40 - n * 0.7),
  }));
  await db
    .insertInto('replacement_step')
    .values([...stepRows, ...failedRows])
    .execute();
  return { proven: proven.id, failed: failed.id };
}

/** Of a Debian root. */
export function seededCoverage() {
  const skipped = ['/dev', '/proc', '/run', '/sys'].map((name) => ({
    name,
    rule: 'mount: a pseudo filesystem of the profile',
  }));
  return aCoverage({
    entries: 11_677,
    checked: 11_677,
    filesHashed: 9_812,
    bytesHashed: 327_412_004,
    mounts: ['/tmp'],
    skipped,
  });
}

const details: Record<string, string> = {
  launching: 'asked the provider for one instance of web@7',
  verifying: 'launched as web-13',
  draining: 'the first complete scan was in sync, 11,677 subjects',
  terminating: 'drained',
  rolling_back: 'the new instance is drifted',
  failed: 'web-07 lives on',
};

function aReplacement(
  createdMs: number,
  overrides: Partial<Insertable<ReplacementTable>>,
): Insertable<ReplacementTable> {
  const created = new Date(createdMs).toISOString();
  return {
    shapes: '[]',
    ...{
      id: uuidv7(createdMs),
      group_name: 'web-prod',
      policy: 'watch-web',
      policy_version: 1,
      cause: '{}',
      state: 'succeeded',
    },
    ...{
      target_digest: web7.digest,
      old_instance_id: '',
      old_provider_id: '',
      new_instance_id: null,
      new_provider_id: null,
    },
    ...{ launched_at: null, retired_at: null, deadline_at: null, attempts: 0, scan: null, error: null, proof: null },
    ...{ created_at: created, updated_at: created },
    ...overrides,
  };
}

function aProof(
  replacementId: string,
  cause: Cause,
  oldInstanceId: string,
  successor: Insertable<InstanceTable>,
  at: (minutesAgo: number) => string,
): string {
  const scan = (startedAt: string, finishedAt: string) => ({
    ...{ scanId: uuidv7(0), boot: 1, seq: 1, startedAt, finishedAt, verdict: 'in_sync' as const },
    ...{ stateDigest: digestOf('state'), rules: 1, coverage: seededCoverage() },
  });
  const sha256 = web7.digest.slice('sha256:'.length);
  const statement = aProofStatement({
    ...{ replacementId, group: 'web-prod', cause, resourceUri: instanceUri(successor.id) },
    policy: { uri: 'urn:x-pristine:policy:watch-web:1', digest: { sha256 }, name: 'watch-web', version: 1 },
    old: { instanceId: oldInstanceId, providerId: 'web-02', imageDigest: web7.digest },
    new: { instanceId: successor.id, providerId: 'web-13', key: successor.key_id, image: web7 },
    inputAttestations: [{ uri: 'urn:x-pristine:manifest:web@7', digest: { sha256 } }],
    scan: scan(at(183.9), at(183.8)),
    soak: { until: at(180.95), scan: scan(at(180.94), at(180.92)) },
    ...{ launchedAt: at(184), retiredAt: at(181), timeVerified: at(180.9) },
  });
  const named = { ...statement, subject: [{ name: successor.id, digest: { sha256 } }] };
  const { privateKey } = generateKeyPairSync('ed25519');
  return JSON.stringify(signEnvelope(unsignedEnvelope(Buffer.from(JSON.stringify(named))), privateKey));
}
