import type { Selectable } from 'kysely';
import type { QuarantineState } from '../../shared/api-quarantine.ts';
import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import type { FleetEvent } from '../../shared/event.ts';
import type { Severity } from '../../shared/severity.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import type { Db } from './database.ts';
import { appendEvent } from './event-store.ts';
import type { QuarantineTable } from './quarantine-table.ts';
import { endedStates } from './replacement-store.ts';

/** Providers say as much as they like. */
const errorCharsMax = 2_000;

/** A machine that is kept as evidence: the intent, and what has come of it. Times are milliseconds since the epoch. */
export interface StoredQuarantine {
  readonly id: string;
  readonly group: string;
  readonly instanceId: string;
  readonly providerId: string;
  /** Of the replacement that puts another in its place; null while none does: then only a person lets it go. */
  readonly replacementId: string | null;
  readonly state: QuarantineState;
  readonly snapshotId: string | null;
  readonly keepMs: number;
  readonly expiresAt: number;
  readonly releasedAt: number | null;
  /** Calls to the provider in this state, the one under way included. */
  readonly attempts: number;
  readonly error: string | null;
  readonly updatedAt: number;
}

export interface NewQuarantine {
  readonly group: string;
  readonly instanceId: string;
  readonly providerId: string;
  readonly replacementId: string | null;
  readonly owner: string;
  readonly reason: string;
  readonly severity: Severity | null;
  readonly keepMs: number;
}

/** The intent, before anything is isolated. */
export async function insertQuarantine(tx: Db, asked: NewQuarantine, now: number): Promise<string> {
  const [at, id] = [timestamp(now), uuidv7(now)];
  const { group, instanceId, providerId, replacementId, owner, reason, severity, keepMs } = asked;
  await tx
    .insertInto('quarantine')
    .values({
      ...{ id, group_name: group, instance_id: instanceId, provider_id: providerId, replacement_id: replacementId },
      ...{ owner, reason, severity, state: 'isolating', keep_ms: keepMs, expires_at: timestamp(now + keepMs) },
      ...{ attempts: 0, created_at: at, updated_at: at },
    })
    .execute();
  const by = replacementId === null ? { owner, actor: owner } : { owner };
  await tell(tx, { group, instanceId, replacementId }, 'quarantine.started', { id, providerId, ...by, reason }, at);
  return id;
}

/** Where it is kept already, another replacement goes on with it. */
export async function adoptQuarantine(
  tx: Db,
  { id, keepMs: known, expiresAt }: StoredQuarantine,
  { replacementId, keepMs: wanted }: { readonly replacementId: string; readonly keepMs: number },
  now: number,
): Promise<void> {
  const keepMs = Math.max(known, wanted);
  // Where somebody wants it for longer than it was begun for, that runs from here on.
  const until = wanted > known ? Math.max(expiresAt, now + wanted) : expiresAt;
  await tx
    .updateTable('quarantine')
    .set({ replacement_id: replacementId, keep_ms: keepMs, expires_at: timestamp(until) })
    .where('id', '=', id)
    .execute();
}

/** The latest of an instance, whatever has become of it. */
export async function latestQuarantine(db: Db, instanceId: string): Promise<StoredQuarantine | undefined> {
  const row = await db
    .selectFrom('quarantine')
    .selectAll()
    .where('instance_id', '=', instanceId)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && storedQuarantine(row);
}

export async function findQuarantine(db: Db, id: string): Promise<StoredQuarantine | undefined> {
  const row = await db.selectFrom('quarantine').selectAll().where('id', '=', id).executeTakeFirst();
  return row && storedQuarantine(row);
}

/** Those that have not ended, oldest first. */
export async function liveQuarantines(db: Db): Promise<readonly StoredQuarantine[]> {
  const rows = await db.selectFrom('quarantine').selectAll().where('state', '!=', 'ended').orderBy('id').execute();
  return rows.map(storedQuarantine);
}

/** How many places of each group are taken: by what is kept, and by replacements under way that will need one. */
export async function placesTaken(db: Db, exceptInstance = ''): Promise<ReadonlyMap<string, number>> {
  const kept = await db
    .selectFrom('quarantine')
    .select(['group_name', 'instance_id'])
    .where('state', '!=', 'ended')
    .execute();
  const coming = await db
    .selectFrom('replacement')
    .select(['group_name', 'old_instance_id as instance_id'])
    .where('keeping', 'is not', null)
    .where('state', 'not in', endedStates)
    .execute();
  const places = new Map<string, Set<string>>();
  for (const { group_name: group, instance_id: instance } of [...kept, ...coming]) {
    if (instance === exceptInstance) continue;
    places.set(group, (places.get(group) ?? new Set()).add(instance));
  }
  return new Map([...places].map(([group, own]) => [group, own.size]));
}

/** When those that no replacement had asked for were last begun on their own, by whom. */
export async function countStartedBy(db: Db, owner: string, since: number): Promise<number> {
  const { n } = await db
    .selectFrom('quarantine')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('owner', '=', owner)
    .where('created_at', '>', timestamp(since))
    .executeTakeFirstOrThrow();
  return Number(n);
}

export interface QuarantineMove {
  readonly to: QuarantineState;
  readonly detail: string;
  readonly set?: {
    readonly snapshotId?: string;
    readonly snapshotAt?: string;
    readonly expiresAt?: number;
    readonly releasedAt?: number;
    readonly error?: string;
  };
}

/** Errors: CONFLICT when it is not where the mover saw it, so that two movers never both act. */
export async function moveQuarantine(
  tx: Db,
  from: StoredQuarantine,
  { to, detail, set = {} }: QuarantineMove,
  now: number,
  by: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const at = timestamp(now);
  const columns = {
    snapshot_id: set.snapshotId,
    snapshot_at: set.snapshotAt,
    expires_at: set.expiresAt === undefined ? undefined : timestamp(set.expiresAt),
    released_at: set.releasedAt === undefined ? undefined : timestamp(set.releasedAt),
  };
  const given = Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
  const { numUpdatedRows } = await tx
    .updateTable('quarantine')
    .set({ ...given, state: to, attempts: 0, error: set.error ?? null, updated_at: at })
    .where('id', '=', from.id)
    .where('state', '=', from.state)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new CodedError('CONFLICT', `expected quarantine ${from.id} to be ${from.state}`);
  await tell(tx, from, 'quarantine.step', { id: from.id, providerId: from.providerId, state: to, detail, ...by }, at);
}

/** The time is another from now on; it is told of, with whoever wanted it. Errors: CONFLICT when it has moved. */
export async function setExpiry(
  tx: Db,
  from: StoredQuarantine,
  expiresAt: number,
  by: { readonly reason: string; readonly actor: string },
  now: number,
): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('quarantine')
    .set({ expires_at: timestamp(expiresAt) })
    .where('id', '=', from.id)
    .where('state', '=', from.state)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new CodedError('CONFLICT', `expected quarantine ${from.id} to be ${from.state}`);
  const data = { id: from.id, providerId: from.providerId, expiresAt: timestamp(expiresAt), ...by };
  await tell(tx, from, 'quarantine.extended', data, timestamp(now));
}

/** Before each call to a provider: that it is about to be made, and for which time. */
export async function countQuarantineAttempt(db: Db, { id, state, attempts }: StoredQuarantine, now: number) {
  const { numUpdatedRows } = await db
    .updateTable('quarantine')
    .set({ attempts: attempts + 1, updated_at: timestamp(now) })
    .where('id', '=', id)
    .where('state', '=', state)
    .where('attempts', '=', attempts)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new CodedError('CONFLICT', `quarantine ${id} has moved`);
}

export async function noteQuarantineError(db: Db, id: string, error: string): Promise<void> {
  await db
    .updateTable('quarantine')
    .set({ error: error.slice(0, errorCharsMax) })
    .where('id', '=', id)
    .execute();
}

function tell(
  tx: Db,
  about: Pick<StoredQuarantine, 'group' | 'instanceId' | 'replacementId'>,
  type: FleetEvent['type'],
  data: Readonly<Record<string, unknown>>,
  at: string,
): Promise<void> {
  const { group: groupName, instanceId, replacementId } = about;
  return appendEvent(tx, { at, type, groupName, instanceId, ...(replacementId && { replacementId }), data });
}

function storedQuarantine(row: Selectable<QuarantineTable>): StoredQuarantine {
  return {
    id: row.id,
    group: row.group_name,
    instanceId: row.instance_id,
    providerId: row.provider_id,
    replacementId: row.replacement_id,
    state: row.state as QuarantineState,
    snapshotId: row.snapshot_id,
    keepMs: row.keep_ms,
    expiresAt: Date.parse(row.expires_at),
    releasedAt: row.released_at === null ? null : Date.parse(row.released_at),
    attempts: row.attempts,
    error: row.error,
    updatedAt: Date.parse(row.updated_at),
  };
}

/** A person has it tried again at once. */
export async function resetQuarantineAttempts(tx: Db, instanceId: string): Promise<void> {
  await tx
    .updateTable('quarantine')
    .set({ attempts: 0 })
    .where('instance_id', '=', instanceId)
    .where('state', '!=', 'ended')
    .execute();
}
