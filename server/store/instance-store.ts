import type { Lifecycle } from '../../shared/api.ts';
import type { Coverage } from '../../shared/coverage.ts';
import type { Severity } from '../../shared/severity.ts';
import type { Verdict } from '../../shared/verdict.ts';
import type { Db } from './database.ts';
import { appendEvent } from './event-store.ts';
import { gapsOf, prepared } from './prepared.ts';
import type { InstanceTable } from './tables.ts';

export interface StoredInstance {
  readonly id: string;
  readonly keyId: string;
  readonly publicKey: string;
  readonly group: string;
  readonly imageDigest: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly launchKey: string | null;
  readonly providerId: string | null;
  readonly lifecycle: Lifecycle;
  /** As stored; `contentOf` says whether its evidence still holds. */
  readonly verdict: Verdict;
  readonly verdictAt: string;
  readonly taint: StoredTaint | null;
  /** The last report applied; 0, 0 before the first. */
  readonly boot: number;
  readonly seq: number;
  readonly rules: number;
  readonly stateDigest: string | null;
  readonly scan: CompleteScan | null;
  /** Of the last complete scan, with the holes that are known now. */
  readonly coverage: Coverage | null;
  readonly pendingScan: PendingScan | null;
  readonly enrolledAt: string;
  readonly lastSeenAt: string;
  readonly agentVersion: string;
  readonly facts: Readonly<Record<string, string>>;
}

export interface StoredTaint {
  readonly severity: Severity;
  readonly since: string;
}

export interface CompleteScan {
  readonly scanId: string;
  /** Of its last part. */
  readonly boot: number;
  readonly seq: number;
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** A full report of which `part` parts are stored, and nothing else since its first. */
export interface PendingScan {
  readonly scanId: string;
  readonly boot: number;
  readonly part: number;
  readonly parts: number;
}

export async function insertInstance(db: Db, instance: StoredInstance): Promise<void> {
  await insert(db, rowOf(instance));
}

const insert = prepared<InstanceTable>()((db, gap) => db.insertInto('instance').values(gapsOf(columns, gap)));

/** Whoever enrolled with a token of this launch. Intake lets only one do so. */
export async function findInstanceByLaunch(db: Db, launchKey: string): Promise<StoredInstance | undefined> {
  const row = await db.selectFrom('instance').selectAll().where('launch_key', '=', launchKey).executeTakeFirst();
  return row && storedInstance(row);
}

/** Writes everything that reports and people change; key, group and launch stay as enrolled, and `setLifecycle` is its own. */
export async function updateInstance(db: Db, instance: StoredInstance): Promise<void> {
  await update(db, rowOf(instance));
}

const update = prepared<InstanceTable>()((db, gap) =>
  db.updateTable('instance').set(gapsOf(changing, gap)).where('id', '=', gap('id')),
);

/** None of them is in an index: those would be written with each report. */
const changing = [
  ...([
    'image_digest',
    'labels',
    'verdict',
    'verdict_at',
    'taint_severity',
    'taint_at',
    'boot',
    'seq',
    'rules',
    'state_digest',
  ] as const),
  ...(['scan_id', 'scan_boot', 'scan_seq', 'scan_started_at', 'scan_finished_at', 'coverage'] as const),
  ...(['pending_scan', 'agent_version', 'facts'] as const),
];

const columns = [
  ...(['id', 'key_id', 'public_key', 'group_name', 'launch_key', 'provider_id', 'lifecycle'] as const),
  ...(['enrolled_at', 'last_seen_at'] as const),
  ...changing,
];

export async function findInstance(db: Db, id: string): Promise<StoredInstance | undefined> {
  const [row] = await byId(db, { id });
  return row && storedInstance(row);
}

const byId = prepared<{ id: string }>()((db, gap) => db.selectFrom('instance').selectAll().where('id', '=', gap('id')));

export async function findInstanceByKey(db: Db, keyId: string): Promise<StoredInstance | undefined> {
  const [row] = await byKey(db, { keyId });
  return row && storedInstance(row);
}

const byKey = prepared<{ keyId: string }>()((db, gap) =>
  db.selectFrom('instance').selectAll().where('key_id', '=', gap('keyId')),
);

/** All that are not retired. */
export async function listPresent(db: Db): Promise<readonly { readonly id: string; readonly group: string }[]> {
  return db.selectFrom('instance').select(['id', 'group_name as group']).where('lifecycle', '!=', 'retired').execute();
}

/** Retiring one that is retired changes nothing. Retirement has an event, by which the gateway lets its agent go. */
export async function setLifecycle(db: Db, id: string, lifecycle: Lifecycle, at: string): Promise<void> {
  const changed = await db
    .updateTable('instance')
    .set({ lifecycle })
    .where('id', '=', id)
    .where('lifecycle', '!=', lifecycle)
    .returning('group_name')
    .executeTakeFirst();
  if (changed && lifecycle === 'retired') {
    await appendEvent(db, { at, type: 'instance.retired', groupName: changed.group_name, instanceId: id, data: {} });
  }
}

/** Says which machine a launch made; whether its agent has enrolled yet or will do so later. */
export async function bindMachine(db: Db, launchKey: string, providerId: string): Promise<void> {
  for (const table of ['instance', 'join_token'] as const) {
    await db
      .updateTable(table)
      .set({ provider_id: providerId })
      .where('launch_key', '=', launchKey)
      .where('provider_id', 'is', null)
      .execute();
  }
}

/** One transaction for many: hearing from an instance writes nothing by itself. Never goes back. */
export async function flushLastSeen(db: Db, seen: ReadonlyMap<string, string>): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const [id, at] of seen) await updateLastSeen(tx, { id, at });
  });
}

const updateLastSeen = prepared<{ id: string; at: string }>()((db, gap) =>
  db
    .updateTable('instance')
    .set({ last_seen_at: gap('at') })
    .where('id', '=', gap('id'))
    .where('last_seen_at', '<', gap('at')),
);

function rowOf(instance: StoredInstance): InstanceTable {
  return {
    id: instance.id,
    key_id: instance.keyId,
    public_key: instance.publicKey,
    group_name: instance.group,
    image_digest: instance.imageDigest,
    labels: JSON.stringify(instance.labels),
    launch_key: instance.launchKey,
    provider_id: instance.providerId,
    lifecycle: instance.lifecycle,
    verdict: instance.verdict,
    verdict_at: instance.verdictAt,
    taint_severity: instance.taint?.severity ?? null,
    taint_at: instance.taint?.since ?? null,
    boot: instance.boot,
    seq: instance.seq,
    rules: instance.rules,
    state_digest: instance.stateDigest,
    scan_id: instance.scan?.scanId ?? null,
    scan_boot: instance.scan?.boot ?? null,
    scan_seq: instance.scan?.seq ?? null,
    scan_started_at: instance.scan?.startedAt ?? null,
    scan_finished_at: instance.scan?.finishedAt ?? null,
    coverage: instance.coverage && JSON.stringify(instance.coverage),
    pending_scan: instance.pendingScan && JSON.stringify(instance.pendingScan),
    enrolled_at: instance.enrolledAt,
    last_seen_at: instance.lastSeenAt,
    agent_version: instance.agentVersion,
    facts: JSON.stringify(instance.facts),
  };
}

function storedInstance(row: InstanceTable): StoredInstance {
  return {
    id: row.id,
    keyId: row.key_id,
    publicKey: row.public_key,
    group: row.group_name,
    imageDigest: row.image_digest,
    labels: JSON.parse(row.labels),
    launchKey: row.launch_key,
    providerId: row.provider_id,
    lifecycle: row.lifecycle,
    verdict: row.verdict,
    verdictAt: row.verdict_at,
    taint: row.taint_at === null ? null : { severity: row.taint_severity as Severity, since: row.taint_at },
    boot: row.boot,
    seq: row.seq,
    rules: row.rules,
    stateDigest: row.state_digest,
    scan: scanOf(row),
    coverage: row.coverage === null ? null : JSON.parse(row.coverage),
    pendingScan: row.pending_scan === null ? null : JSON.parse(row.pending_scan),
    enrolledAt: row.enrolled_at,
    lastSeenAt: row.last_seen_at,
    agentVersion: row.agent_version,
    facts: JSON.parse(row.facts),
  };
}

function scanOf(row: InstanceTable): CompleteScan | null {
  if (row.scan_id === null) return null;
  return {
    scanId: row.scan_id,
    boot: row.scan_boot!,
    seq: row.scan_seq!,
    startedAt: row.scan_started_at!,
    finishedAt: row.scan_finished_at!,
  };
}
