import { generateKeyPairSync } from 'node:crypto';
import type { Insertable } from 'kysely';
import type { Db } from '../../server/store/database.ts';
import { insertImage } from '../../server/store/image-store.ts';
import { specText } from '../../server/store/spec.ts';
import type { InstanceTable, ReplacementTable } from '../../server/store/tables.ts';
import { type Digest, digestOf } from '../../shared/digest.ts';
import { signEnvelope, unsignedEnvelope } from '../../shared/dsse.ts';
import type { Finding } from '../../shared/finding.ts';
import { Policy } from '../../shared/policy.ts';
import { type Cause, type ProofStatement, proofPredicateType } from '../../shared/proof.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import { aCoverage, aFinding, aGroup, anInstanceRow } from './builders.ts';

const minute = 60_000;
const web7 = { name: 'web', version: '7', digest: digestOf('web@7') };
const web6 = { name: 'web', version: '6', digest: digestOf('web@6') };

/** A right-to-left override before `cod.exe`, and a zero-width space: names that lie when they are shown as they are. */
export const hostileName = '/usr/bin/\u202Ecod.exe\u200B';

export interface Seeded {
  readonly drifted: string;
  readonly reverted: string;
  readonly holes: string;
  readonly proven: string;
  readonly failed: string;
}

/**
 * A fleet with one of each: what a console must show. Nothing in it moves by itself: no replacement is under way, and the
 * one policy only observes. `extra` more clean instances make it large.
 */
export async function seedFleet(db: Db, now: number, extra = 0): Promise<Seeded> {
  const at = (minutesAgo: number) => new Date(now - minutesAgo * minute).toISOString();
  for (const image of [web7, web6]) await insertImage(db, anImage(image, at(9_000)));
  await insertGroups(db, at(600));

  const row = (minutesAgo: number, overrides: Partial<Insertable<InstanceTable>> = {}) =>
    aScannedRow({
      scanned: at(minutesAgo),
      began: at(minutesAgo + 0.06),
      enrolled: at(3_000),
      id: uuidv7(now),
      ...overrides,
    });
  const drifted = row(4, { provider_id: 'web-03', verdict: 'drifted', taint_severity: 'critical', taint_at: at(14) });
  const alsoDrifted = row(8, { provider_id: 'web-07', verdict: 'drifted', taint_severity: 'high', taint_at: at(44) });
  const reverted = row(3, { provider_id: 'web-05', taint_severity: 'medium', taint_at: at(95) });
  const holes = row(6, {
    provider_id: 'web-09',
    verdict: 'unverifiable',
    coverage: JSON.stringify({
      ...coverage(),
      holes: [{ subject: 'file', name: '/etc/shadow', reason: 'unreadable' }],
    }),
  });
  const expired = row(400, { provider_id: 'web-11' });
  const neverScanned = anInstanceRow({
    ...{ id: uuidv7(now), provider_id: 'web-12', group_name: 'web-prod', image_digest: web7.digest },
    ...{ verdict: 'unverifiable', scan_id: null, scan_started_at: null, scan_finished_at: null, coverage: null },
    ...{ state_digest: null, enrolled_at: at(2), last_seen_at: at(0), facts: JSON.stringify(facts('web-12')) },
  });
  const outdated = row(5, { provider_id: 'batch-1', group_name: 'batch', image_digest: web6.digest });
  const retired = row(200, {
    provider_id: 'web-02',
    lifecycle: 'retired',
    verdict: 'drifted',
    taint_severity: 'high',
    taint_at: at(190),
  });
  const successor = row(2, { provider_id: 'web-13' });
  const clean = ['web-01', 'web-04', 'web-06', 'web-08', 'web-10'].map((provider_id, n) => row(n + 1, { provider_id }));
  const crowd = Array.from({ length: extra }, (_, n) =>
    row((n % 50) + 1, { provider_id: `crowd-${n}`, group_name: 'batch' }),
  );
  const all = [
    drifted,
    alsoDrifted,
    reverted,
    holes,
    expired,
    neverScanned,
    outdated,
    retired,
    successor,
    ...clean,
    ...crowd,
  ];
  for (let n = 0; n < all.length; n += 100)
    await db
      .insertInto('instance')
      .values(all.slice(n, n + 100))
      .execute();

  const sshd = aFinding({
    name: '/etc/ssh/sshd_config',
    attributes: ['content', 'size'],
    ...sshdSides,
    rule: '/etc/ssh/sshd_config',
  });
  const setuid = aFinding({
    name: hostileName,
    change: 'added',
    severity: 'critical',
    ...setuidSides,
    rule: 'guard setuid',
  });
  const gone = aFinding({ name: '/usr/share/doc/web/README', change: 'removed', severity: 'medium', ...goneSides });
  await insertFindings(db, drifted.id, [sshd, setuid, gone], at(14), at(4), null);
  await insertFindings(db, alsoDrifted.id, [sshd], at(44), at(8), null);
  await insertFindings(db, reverted.id, [gone], at(95), at(90), at(90));
  await insertFindings(db, retired.id, [sshd], at(190), at(185), null);

  const cause: Cause = { trigger: 'drift', severity: 'high', fingerprints: [sshd.fingerprint] };
  const proven = aReplacement(now - 185 * minute, {
    cause: JSON.stringify(cause),
    old_instance_id: retired.id,
    old_provider_id: 'web-02',
  });
  const proof = aProof(proven.id, cause, retired.id, successor, at);
  const failed = aReplacement(now - 40 * minute, {
    ...{ cause: JSON.stringify(cause), old_instance_id: alsoDrifted.id, old_provider_id: 'web-07', state: 'failed' },
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
  return { drifted: drifted.id, reverted: reverted.id, holes: holes.id, proven: proven.id, failed: failed.id };
}

const details: Record<string, string> = {
  launching: 'asked the provider for one instance of web@7',
  verifying: 'launched as web-13',
  draining: 'the first complete scan was in sync, 11,677 subjects',
  terminating: 'drained',
  rolling_back: 'the new instance is drifted',
  failed: 'web-07 lives on',
};

const sshdSides = {
  expected: { type: 'file', mode: '0644', uid: 0, gid: 0, content: digestOf('baked'), size: '3287' },
  actual: { type: 'file', mode: '0644', uid: 0, gid: 0, content: digestOf('found'), size: '3311' },
};
const setuidSides = {
  attributes: ['content', 'gid', 'mode', 'size', 'type', 'uid'],
  expected: {},
  actual: { content: digestOf('shell'), gid: 0, mode: '4755', size: '125688', type: 'file', uid: 0 },
};
const goneSides = {
  attributes: ['content', 'mode', 'type'],
  expected: { content: digestOf('readme'), mode: '0644', type: 'file' },
  actual: {},
};

function anImage(image: { name: string; version: string; digest: Digest }, pushedAt: string) {
  const statement = unsignedEnvelope(Buffer.from('{}'));
  const platform = { os: 'linux', arch: 'x64', distro: 'debian-12' };
  return {
    ...image,
    manifest: statement,
    rules: statement,
    platform,
    entries: 11_677,
    rulesSequence: 1,
    signedBy: [],
    pushedAt,
  };
}

async function insertGroups(db: Db, at: string): Promise<void> {
  const web = aGroup({ name: 'web-prod', images: { stable: 'web@7' }, labels: { env: 'prod' } });
  const batch = aGroup({ name: 'batch', images: { stable: 'web@7' } });
  const cause = '4 of 6 instances tainted, the limit is 3: /etc/ssh/sshd_config modified on all of them';
  await db
    .insertInto('instance_group')
    .values([
      { name: 'web-prod', spec: specText(web), version: 1, updated_at: at, breaker_cause: null, breaker_at: null },
      { name: 'batch', spec: specText(batch), version: 2, updated_at: at, breaker_cause: cause, breaker_at: at },
    ])
    .execute();
  const policy = Policy.parse({
    ...{ kind: 'Policy', name: 'watch-web', select: { group: 'web-prod' }, mode: 'observe' },
    triggers: [{ drift: { severity: 'high' } }],
  });
  await db
    .insertInto('policy')
    .values({ name: policy.name, spec: specText(policy), version: 1, updated_at: at })
    .execute();
}

function aScannedRow({
  scanned,
  began,
  enrolled,
  ...overrides
}: Partial<Insertable<InstanceTable>> & Record<'scanned' | 'began' | 'enrolled', string>) {
  return anInstanceRow({
    ...{ group_name: 'web-prod', image_digest: web7.digest, coverage: JSON.stringify(coverage()) },
    ...{
      scan_started_at: began,
      scan_finished_at: scanned,
      verdict_at: scanned,
      enrolled_at: enrolled,
      last_seen_at: scanned,
    },
    facts: JSON.stringify(facts(overrides.provider_id ?? 'web')),
    labels: JSON.stringify({ zone: 'eu-1' }),
    ...overrides,
  });
}

function coverage() {
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

function facts(hostname: string) {
  return { hostname, os: 'Debian GNU/Linux 12', kernel: '6.1.0-31-amd64', cpus: '2' };
}

async function insertFindings(
  db: Db,
  id: string,
  findings: readonly Finding[],
  first: string,
  last: string,
  closed: string | null,
): Promise<void> {
  for (const { fingerprint, subject, name, change, attributes, severity, expected, actual, rule } of findings) {
    const sides = {
      attributes: JSON.stringify(attributes),
      expected: JSON.stringify(expected),
      actual: JSON.stringify(actual),
    };
    await db
      .insertInto('drift')
      .values({ fingerprint, subject, name, change, ...sides, first_seen_at: first })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const times = { first_seen_at: first, last_seen_at: last, closed_at: closed };
    await db
      .insertInto('finding')
      .values({ instance_id: id, fingerprint, severity, rule, ...times, scan_id: uuidv7(0) })
      .execute();
  }
}

function aReplacement(
  createdMs: number,
  overrides: Partial<Insertable<ReplacementTable>>,
): Insertable<ReplacementTable> {
  const created = new Date(createdMs).toISOString();
  return {
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
  const statement: ProofStatement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: successor.id, digest: { sha256: web7.digest.slice('sha256:'.length) } }],
    predicateType: proofPredicateType,
    predicate: {
      ...{ replacementId, group: 'web-prod', cause, policy: { name: 'watch-web', version: 1 } },
      old: { instanceId: oldInstanceId, providerId: 'web-02', imageDigest: web7.digest },
      new: { instanceId: successor.id, providerId: 'web-13', key: successor.key_id, image: web7 },
      scan: {
        ...{ scanId: uuidv7(0), boot: 1, seq: 1, startedAt: at(183.9), finishedAt: at(183.8), verdict: 'in_sync' },
        ...{ stateDigest: digestOf('state'), rules: 1, coverage: coverage() },
      },
      ...{ launchedAt: at(184), retiredAt: at(181), provenAt: at(180.9) },
    },
  };
  const { privateKey } = generateKeyPairSync('ed25519');
  return JSON.stringify(signEnvelope(unsignedEnvelope(Buffer.from(JSON.stringify(statement))), privateKey));
}
