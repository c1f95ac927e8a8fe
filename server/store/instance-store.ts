import type { Lifecycle } from '../../shared/api.ts';
import type { Coverage } from '../../shared/coverage.ts';
import type { Doubt } from '../../shared/doubt.ts';
import type { EnrolmentWay } from '../../shared/enrolment.ts';
import { CodedError } from '../../shared/errors.ts';
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
  /** When what the verdict leaves out, since it is exempted, begins to count again; null where it leaves out nothing. */
  readonly exemptUntil: string | null;
  /** The last report applied; 0, 0 before the first. */
  readonly boot: number;
  readonly seq: number;
  readonly rules: number;
  readonly stateDigest: string | null;
  readonly scan: CompleteScan | null;
  /** Of the last complete scan, with the holes that are known now. */
  readonly coverage: Coverage | null;
  readonly pendingScan: PendingScan | null;
  /** Why it is not sure which machine this is; set by this end alone. */
  readonly doubts: readonly Doubt[];
  readonly enrolledAt: string;
  readonly lastSeenAt: string;
  readonly agentVersion: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly enrolledBy: EnrolmentWay;
  /** What vouched for it, for people: a token by its id. */
  readonly enrolledWith: string | null;
  /** What it was started from, where no token said which image it is: `aws:REGION:ami-…`, or NAME@VERSION. */
  readonly startedFrom: string | null;
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
  await db.insertInto('instance').values(rowOf(instance)).execute();
}

/**
 * Whoever enrolled with a token of this launch, of which intake lets in only one, or as the machine that it made. Of several
 * who claim to be that, one that a person has not let go.
 */
export async function findInstanceByLaunch(db: Db, launchKey: string): Promise<StoredInstance | undefined> {
  const rows = await db.selectFrom('instance').selectAll().where('launch_key', '=', launchKey).orderBy('id').execute();
  const row = rows.find(({ lifecycle }) => lifecycle !== 'retired') ?? rows[0];
  return row && storedInstance(row);
}

/** All that ever enrolled as this machine, oldest first. */
export async function findInstancesOfMachine(db: Db, providerId: string): Promise<readonly StoredInstance[]> {
  const rows = await db
    .selectFrom('instance')
    .selectAll()
    .where('provider_id', '=', providerId)
    .orderBy('id')
    .execute();
  return rows.map(storedInstance);
}

/** Those that are not retired. */
export async function findInstancesStartedFrom(db: Db, startedFrom: string): Promise<readonly StoredInstance[]> {
  const rows = await db
    .selectFrom('instance')
    .selectAll()
    .where('started_from', '=', startedFrom)
    .where('lifecycle', '!=', 'retired')
    .execute();
  return rows.map(storedInstance);
}

/** How many enrolled with this token after then. */
export async function countEnrolledWith(db: Db, tokenId: string, after: string): Promise<number> {
  const { n } = await db
    .selectFrom('instance')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('enrolled_with', '=', tokenId)
    .where('enrolled_at', '>', after)
    .executeTakeFirstOrThrow();
  return Number(n);
}

/** Writes everything that reports and people change: `changes` says what that is. */
export async function updateInstance(db: Db, instance: StoredInstance): Promise<void> {
  await update(db, rowOf(instance));
}

const update = prepared<InstanceTable>()((db, gap) =>
  db.updateTable('instance').set(gapsOf(changing, gap)).where('id', '=', gap('id')),
);

/**
 * What `updateInstance` writes. Key, lifecycle and when it was heard have writers of their own, and origin stays as enrolled.
 * What is in an index would be written there with each report.
 */
const changes: Readonly<Record<keyof InstanceTable, boolean>> = {
  ...{ id: false, key_id: false, public_key: false, group_name: false, launch_key: false, provider_id: false },
  ...{ lifecycle: false, enrolled_at: false, last_seen_at: false },
  ...{ enrolled_by: false, enrolled_with: false, started_from: false },
  ...{ image_digest: true, labels: true, verdict: true, verdict_at: true, taint_severity: true, taint_at: true },
  ...{ exempt_until: true },
  ...{ boot: true, seq: true, rules: true, state_digest: true, coverage: true, pending_scan: true },
  ...{ scan_id: true, scan_boot: true, scan_seq: true, scan_started_at: true, scan_finished_at: true },
  ...{ doubts: true, agent_version: true, facts: true },
};
const changing = (Object.keys(changes) as (keyof InstanceTable)[]).filter((column) => changes[column]);

/** Another key of the same machine. Errors: whatever the database says of one that another instance has. */
export async function setInstanceKey(
  db: Db,
  id: string,
  { keyId, publicKey }: { readonly keyId: string; readonly publicKey: string },
): Promise<void> {
  await db.updateTable('instance').set({ key_id: keyId, public_key: publicKey }).where('id', '=', id).execute();
}

export async function findInstance(db: Db, id: string): Promise<StoredInstance | undefined> {
  const [row] = await byId(db, { id });
  return row && storedInstance(row);
}

/** Errors: NOT_FOUND. */
export async function getInstance(db: Db, id: string): Promise<StoredInstance> {
  const instance = await findInstance(db, id);
  if (instance === undefined) throw new CodedError('NOT_FOUND', `there is no instance ${id}`);
  return instance;
}

const byId = prepared<{ id: string }>()((db, gap) => db.selectFrom('instance').selectAll().where('id', '=', gap('id')));

export async function findInstanceByKey(db: Db, keyId: string): Promise<StoredInstance | undefined> {
  const [row] = await byKey(db, { keyId });
  return row && storedInstance(row);
}

const byKey = prepared<{ keyId: string }>()((db, gap) =>
  db.selectFrom('instance').selectAll().where('key_id', '=', gap('keyId')),
);

/** Of a group, those whose disk can be compared with what they told: on a known machine, swept, and enrolled before. */
export async function listLookable(db: Db, group: string, enrolledBefore: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('instance')
    .select('id')
    .where('group_name', '=', group)
    .where('lifecycle', '=', 'active')
    .where('provider_id', 'is not', null)
    .where('scan_id', 'is not', null)
    .where('enrolled_at', '<', enrolledBefore)
    .orderBy('id')
    .execute();
  return rows.map(({ id }) => id);
}

/** Retiring one that is retired changes nothing. Retirement has an event, by which the gateway lets its agent go. */
export async function setLifecycle(
  db: Db,
  id: string,
  lifecycle: Lifecycle,
  at: string,
  data: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const changed = await db
    .updateTable('instance')
    .set({ lifecycle })
    .where('id', '=', id)
    .where('lifecycle', '!=', lifecycle)
    .returning('group_name')
    .executeTakeFirst();
  if (changed && lifecycle === 'retired') {
    await appendEvent(db, { at, type: 'instance.retired', groupName: changed.group_name, instanceId: id, data });
  }
}

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
    exempt_until: instance.exemptUntil,
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
    doubts: JSON.stringify(instance.doubts),
    enrolled_at: instance.enrolledAt,
    last_seen_at: instance.lastSeenAt,
    agent_version: instance.agentVersion,
    facts: JSON.stringify(instance.facts),
    enrolled_by: instance.enrolledBy,
    enrolled_with: instance.enrolledWith,
    started_from: instance.startedFrom,
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
    exemptUntil: row.exempt_until,
    boot: row.boot,
    seq: row.seq,
    rules: row.rules,
    stateDigest: row.state_digest,
    scan: scanOf(row),
    coverage: row.coverage === null ? null : JSON.parse(row.coverage),
    pendingScan: row.pending_scan === null ? null : JSON.parse(row.pending_scan),
    doubts: JSON.parse(row.doubts),
    enrolledAt: row.enrolled_at,
    lastSeenAt: row.last_seen_at,
    agentVersion: row.agent_version,
    facts: JSON.parse(row.facts),
    enrolledBy: row.enrolled_by,
    enrolledWith: row.enrolled_with,
    startedFrom: row.started_from,
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
