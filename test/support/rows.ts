import type { Insertable } from 'kysely';
import type { Db } from '../../server/store/database.ts';
import { detailsOf } from '../../server/store/finding-details.ts';
import { applyGroup } from '../../server/store/group-store.ts';
import type { ReplacementTable } from '../../server/store/tables.ts';
import type { Finding } from '../../shared/finding.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import { aFinding, aGroup, anImageDigest, anInstanceRow, aTime } from './builders.ts';
import { rulesEnvelope } from './rules.ts';

/** Rows for tests of reading, past intake and apply. */

export async function insertGroup(db: Db, overrides: Parameters<typeof aGroup>[0] = {}): Promise<void> {
  await applyGroup(db, aGroup(overrides), aTime);
}

/** Answers its id. */
export async function insertInstance(db: Db, overrides: Parameters<typeof anInstanceRow>[0] = {}): Promise<string> {
  const row = anInstanceRow(overrides);
  await db.insertInto('instance').values(row).execute();
  return row.id;
}

export async function insertImage(
  db: Db,
  { digest = anImageDigest, name = 'web', version = '7', pushedAt = aTime } = {},
): Promise<void> {
  const texts = {
    manifest: '{}',
    rules: JSON.stringify(rulesEnvelope({ sequence: 1 })),
    platform: JSON.stringify({ os: 'linux', arch: 'x64', distro: 'debian' }),
  };
  const counts = { entries: 3, rules_sequence: 1 };
  await db
    .insertInto('image')
    .values({ digest, name, version, ...texts, ...counts, signed_by: '["sha256:00"]', pushed_at: pushedAt })
    .execute();
}

/** Answers the fingerprint. */
export async function insertFinding(
  db: Db,
  instanceId: string,
  overrides: Partial<Finding> & { readonly closedAt?: string } = {},
): Promise<string> {
  const { closedAt = null, ...rest } = overrides;
  const finding = aFinding(rest);
  const { fingerprint, subject, name, change, severity, rule } = finding;
  await db
    .insertInto('drift')
    .values({
      ...{ fingerprint, subject, name, change, first_seen_at: aTime },
      attributes: JSON.stringify(finding.attributes),
      expected: JSON.stringify(finding.expected),
      actual: JSON.stringify(finding.actual),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const seen = { first_seen_at: aTime, last_seen_at: aTime, closed_at: closedAt, scan_id: 'scan' };
  const judged = { tainting_since: aTime, rules: 1, by_rules: null, rest: '[{},{}]' };
  await db
    .insertInto('finding')
    .values({ instance_id: instanceId, fingerprint, severity, rule, ...seen, ...judged, ...detailsOf(finding) })
    .execute();
  return fingerprint;
}

/** Answers its id. */
export async function insertReplacement(
  db: Db,
  overrides: Partial<Insertable<ReplacementTable>> = {},
): Promise<string> {
  const row: Insertable<ReplacementTable> = {
    id: uuidv7(Date.parse(aTime)),
    group_name: 'web',
    policy: 'web',
    policy_version: 1,
    policy_digest: null,
    cause: JSON.stringify({ trigger: 'outdated', from: 'web@6', to: 'web@7' }),
    shapes: '[]',
    state: 'reserved',
    target_digest: anImageDigest,
    old_instance_id: 'old',
    old_provider_id: 'old-machine',
    new_instance_id: null,
    new_provider_id: null,
    launched_at: null,
    retired_at: null,
    deadline_at: null,
    soak_ends_at: null,
    attempts: 0,
    scan: null,
    error: null,
    proof: null,
    created_at: aTime,
    updated_at: aTime,
    ...overrides,
  };
  await db.insertInto('replacement').values(row).execute();
  return row.id;
}
