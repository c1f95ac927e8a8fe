import type { LookDifference, LookMeasure, LookOutcome, LookReason, LookState } from '../../shared/api-looks.ts';
import { timestamp } from '../../shared/clock.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import type { Db } from './database.ts';
import { appendEvent } from './event-store.ts';
import type { LookTable } from './tables.ts';

/** Records kept of one instance; the oldest go. */
const looksMax = 100;

/** What was seen, and how it compares. */
export interface LookResult {
  readonly measure: LookMeasure | null;
  /** The gravest. */
  readonly differences: readonly LookDifference[];
  readonly differencesCount: number;
  readonly leftOut: number;
  readonly unseen: number;
  readonly rounds: number;
}

export const nothingSeen: LookResult = {
  measure: null,
  differences: [],
  differencesCount: 0,
  leftOut: 0,
  unseen: 0,
  rounds: 0,
};

export interface StoredLook {
  readonly id: string;
  readonly instanceId: string;
  readonly group: string;
  readonly why: LookReason;
  readonly state: LookState;
  readonly outcome: LookOutcome | null;
  readonly detail: string;
  readonly request: string | null;
  readonly answeredAt: string | null;
  readonly result: LookResult;
  readonly requestedAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

export interface LookAsked {
  readonly instanceId: string;
  readonly group: string;
  readonly why: LookReason;
  /** Left out where nobody asked. */
  readonly actor?: string;
}

/** The one that is under way for this instance, or a new one that waits. */
export async function requestLook(
  db: Db,
  { instanceId, group, why, actor }: LookAsked,
  now: number,
): Promise<StoredLook> {
  const active = await activeLook(db, instanceId);
  if (active !== undefined) return active;
  const id = uuidv7(now);
  const at = timestamp(now);
  const detail = 'waits for its turn';
  const row = { instance_id: instanceId, group_name: group, why, state: 'waiting', detail, requested_at: at };
  await db
    .insertInto('outside_look')
    .values({ id, ...row })
    .execute();
  await prune(db, instanceId);
  await appendEvent(db, { at, type: 'look.requested', groupName: group, instanceId, data: { lookId: id, why, actor } });
  return (await findLook(db, id))!;
}

async function prune(db: Db, instanceId: string): Promise<void> {
  const kept = db
    .selectFrom('outside_look')
    .select('id')
    .where('instance_id', '=', instanceId)
    .orderBy('id', 'desc')
    .limit(looksMax);
  await db.deleteFrom('outside_look').where('instance_id', '=', instanceId).where('id', 'not in', kept).execute();
}

export async function activeLook(db: Db, instanceId: string): Promise<StoredLook | undefined> {
  const row = await db
    .selectFrom('outside_look')
    .selectAll()
    .where('instance_id', '=', instanceId)
    .where('state', '!=', 'ended')
    .executeTakeFirst();
  return row && storedLook(row);
}

export async function findLook(db: Db, id: string): Promise<StoredLook | undefined> {
  const row = await db.selectFrom('outside_look').selectAll().where('id', '=', id).executeTakeFirst();
  return row && storedLook(row);
}

export async function latestLook(db: Db, instanceId: string): Promise<StoredLook | undefined> {
  const row = await db
    .selectFrom('outside_look')
    .selectAll()
    .where('instance_id', '=', instanceId)
    .orderBy('id', 'desc')
    .executeTakeFirst();
  return row && storedLook(row);
}

/** The oldest first; also those that a server left unfinished. */
export async function activeLooks(db: Db, limit: number): Promise<readonly StoredLook[]> {
  const rows = await db
    .selectFrom('outside_look')
    .selectAll()
    .where('state', '!=', 'ended')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(storedLook);
}

export async function countActiveLooks(db: Db): Promise<number> {
  const { n } = await db
    .selectFrom('outside_look')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('state', '!=', 'ended')
    .executeTakeFirstOrThrow();
  return n;
}

/** By lot, since then: how many were asked for, and whether one of them was made or still may be. */
export async function scheduledSince(
  db: Db,
  group: string,
  since: string,
): Promise<{ readonly tried: number; readonly isMade: boolean }> {
  const rows = await db
    .selectFrom('outside_look')
    .select('outcome')
    .where('group_name', '=', group)
    .where('why', '=', 'scheduled')
    .where('requested_at', '>=', since)
    .execute();
  return { tried: rows.length, isMade: rows.some(({ outcome }) => outcome !== 'failed') };
}

export interface LookMove {
  readonly state: Exclude<LookState, 'ended'>;
  readonly detail: string;
  readonly request?: string;
}

export async function moveLook(db: Db, id: string, { state, detail, request }: LookMove, at: string): Promise<void> {
  await db
    .updateTable('outside_look')
    .set({ state, detail, ...(request !== undefined && { request, answered_at: null }) })
    .set((eb) => ({ started_at: eb.fn.coalesce('started_at', eb.val(at)) }))
    .where('id', '=', id)
    .where('state', '!=', 'ended')
    .execute();
}

export interface LookEnd {
  readonly outcome: LookOutcome;
  readonly detail: string;
  readonly result: LookResult;
}

/** With its event, in the transaction of what it changes. */
export async function endLook(
  db: Db,
  { id, instanceId, group, why }: StoredLook,
  { outcome, detail, result }: LookEnd,
  at: string,
): Promise<void> {
  await db
    .updateTable('outside_look')
    .set({ state: 'ended', outcome, detail, result: JSON.stringify(result), finished_at: at })
    .where('id', '=', id)
    .execute();
  const stood = result.differences.filter(({ stands }) => stands).length;
  const data = { lookId: id, why, outcome, detail, differences: result.differencesCount, stood };
  await appendEvent(db, { at, type: 'look.ended', groupName: group, instanceId, data });
}

/** A sweep that the agent began after it was asked is stored. */
export async function noteAnswer(db: Db, instanceId: string, request: string, at: string): Promise<void> {
  await db
    .updateTable('outside_look')
    .set({ answered_at: at })
    .where('instance_id', '=', instanceId)
    .where('request', '=', request)
    .where('state', '=', 'asking')
    .execute();
}

/** Of instances, those that ended before. */
export async function pruneLooks(db: Db, ids: readonly string[], before: string, limit: number): Promise<number> {
  const ended = db
    .selectFrom('outside_look')
    .select('id')
    .where('instance_id', 'in', ids)
    .where('finished_at', '<', before)
    .limit(limit);
  const { numDeletedRows } = await db.deleteFrom('outside_look').where('id', 'in', ended).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

export function storedLook(row: LookTable): StoredLook {
  return {
    id: row.id,
    instanceId: row.instance_id,
    group: row.group_name,
    why: row.why as LookReason,
    state: row.state as LookState,
    outcome: row.outcome as LookOutcome | null,
    detail: row.detail,
    request: row.request,
    answeredAt: row.answered_at,
    result: row.result === null ? nothingSeen : JSON.parse(row.result),
    requestedAt: row.requested_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}
