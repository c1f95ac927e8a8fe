import type { Selectable } from 'kysely';
import type { FleetEvent } from '../../shared/event.ts';
import { pageOf } from '../../shared/page.ts';
import { appendAudit, isAudited, type ToAudit } from './audit-store.ts';
import type { Db } from './database.ts';
import { enqueuePage } from './outbox-store.ts';
import { gapsOf, prepared } from './prepared.ts';
import type { EventTable } from './tables.ts';

/** The oldest beyond this many go, of each of two kinds; a reader that was away longer reads the resources anew. */
const eventsMax = 100_000;
/** Pruned once in so many appends, so that the count is between `eventsMax` and this much more. */
const pruneEvery = 256;
/** What an agent can bring about as often as it likes: it must not push out who decided what, and what became of keys. */
const byAgents: readonly FleetEvent['type'][] = [
  ...(['instance.verdict', 'instance.liveness', 'instance.tainted', 'instance.spool'] as const),
  ...(['drift.opened', 'drift.closed', 'taint.lifted', 'rules.refused'] as const),
];

/** Who did it is `actor` in its data; without one, the server itself. */
export type NewEvent = ToAudit;

/**
 * Belongs into the transaction of the change it tells of; wake the feed after the commit. What calls a person is put in the
 * outbox, and what people decided or was done into the audit, in the same transaction, and there is one for it at least.
 */
export async function appendEvent(db: Db, event: NewEvent): Promise<void> {
  const isPage = pageOf(event.type, event.data) !== undefined;
  const needsOne = isPage || isAudited(event.type);
  if (needsOne && !db.isTransaction) return db.transaction().execute((tx) => appendEvent(tx, event));
  await appendAudit(db, event);
  const [row] = await insert(db, {
    at: event.at,
    type: event.type,
    group_name: event.groupName ?? null,
    instance_id: event.instanceId ?? null,
    replacement_id: event.replacementId ?? null,
    data: JSON.stringify(event.data),
  });
  if (row !== undefined && isPage) await enqueuePage(db, row.id, event);
  if (row !== undefined && row.id % pruneEvery === 0) await pruneEvents(db, eventsMax);
}

const insert = prepared<Omit<EventTable, 'id'>>()((db, gap) =>
  db.insertInto('event').values(gapsOf(columns, gap)).returning('id'),
);
const columns = ['at', 'type', 'group_name', 'instance_id', 'replacement_id', 'data'] as const;

export async function pruneEvents(db: Db, keep: number): Promise<void> {
  const before = (await latestEventId(db)) - keep;
  await db.deleteFrom('event').where('id', '<=', before).where('type', 'in', byAgents).execute();
  const last = await db
    .selectFrom('event')
    .select('id')
    .where('id', '<=', before)
    .orderBy('id', 'desc')
    .offset(keep)
    .limit(1)
    .executeTakeFirst();
  if (last !== undefined) await db.deleteFrom('event').where('id', '<=', last.id).execute();
}

/** In order; from the oldest kept one when `afterId` has been pruned. */
export async function readEvents(
  db: Db,
  { afterId, limit }: { readonly afterId: number; readonly limit: number },
): Promise<FleetEvent[]> {
  const rows = await db.selectFrom('event').selectAll().where('id', '>', afterId).orderBy('id').limit(limit).execute();
  return rows.map(eventOf);
}

function eventOf(row: Selectable<EventTable>): FleetEvent {
  return {
    id: row.id,
    at: row.at,
    type: row.type as FleetEvent['type'],
    group: row.group_name,
    instanceId: row.instance_id,
    replacementId: row.replacement_id,
    data: JSON.parse(row.data),
  };
}

/** What happened after `afterId` up to `upToId`, of a few types only. */
export async function readEventsOf(
  db: Db,
  types: readonly FleetEvent['type'][],
  { afterId, upToId }: { readonly afterId: number; readonly upToId: number },
): Promise<FleetEvent[]> {
  const select = db.selectFrom('event').selectAll().where('id', '>', afterId).where('id', '<=', upToId);
  return (await select.where('type', 'in', types).orderBy('id').execute()).map(eventOf);
}

/** 0 before the first. */
export async function latestEventId(db: Db): Promise<number> {
  const row = await db
    .selectFrom('event')
    .select((eb) => eb.fn.max('id').as('id'))
    .executeTakeFirst();
  return row?.id ?? 0;
}
