import type { Hold, HoldScope } from '../../shared/api-holds.ts';
import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import type { Db } from './database.ts';
import { appendEvent } from './event-store.ts';
import { readGroup } from './group-store.ts';

export interface NewHold {
  readonly scope: HoldScope;
  /** Id of an instance, name of a group; null for all. */
  readonly target: string | null;
  readonly reason: string;
  readonly author: string;
  /** Null: until it is lifted. */
  readonly ms: number | null;
}

/** In force at once, of instances and of groups each. Every plan reads them; beyond, one on the group, or on all, says the same. */
const holdsMax = 10_000;

/** Errors: NOT_FOUND; CONFLICT for what is retired, and beyond the bound. */
export async function placeHold(tx: Db, hold: NewHold, now: number): Promise<Hold> {
  const { scope, target, reason, author, ms } = hold;
  const at = timestamp(now);
  const group = await groupOf(tx, hold);
  const { count } = await inForce(tx, now)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('scope', '=', scope)
    .executeTakeFirstOrThrow();
  if (scope !== 'all' && Number(count) >= holdsMax) {
    const instead = scope === 'instance' ? 'the group' : 'everything';
    throw new CodedError('CONFLICT', `expected at most ${holdsMax} holds of one kind at once: hold ${instead} instead`);
  }
  const id = uuidv7(now);
  const expiresAt = ms === null ? null : timestamp(now + ms);
  const row = { id, scope, target, reason, author, created_at: at, expires_at: expiresAt };
  await tx
    .insertInto('hold')
    .values({ ...row, lifted_at: null, lifted_by: null })
    .execute();
  const about = {
    ...(group !== null && { groupName: group }),
    ...(scope === 'instance' && { instanceId: target ?? '' }),
  };
  const data = { hold: id, scope, target, reason, expiresAt, actor: author };
  await appendEvent(tx, { at, type: 'hold.placed', ...about, data });
  return (await findHold(tx, id, now))!;
}

async function groupOf(tx: Db, { scope, target }: NewHold): Promise<string | null> {
  if (scope === 'all' || target === null) return null;
  if (scope === 'group') {
    if ((await readGroup(tx, target)) === undefined) throw new CodedError('NOT_FOUND', `there is no group ${target}`);
    return target;
  }
  const row = await tx
    .selectFrom('instance')
    .select(['group_name', 'lifecycle'])
    .where('id', '=', target)
    .executeTakeFirst();
  if (row === undefined) throw new CodedError('NOT_FOUND', `there is no instance ${target}`);
  if (row.lifecycle === 'retired') throw new CodedError('CONFLICT', `instance ${target} is retired`);
  return row.group_name;
}

/** Lifting one that is lifted, or over, changes nothing. Errors: NOT_FOUND. */
export async function liftHold(tx: Db, id: string, actor: string, now: number): Promise<Hold> {
  const hold = await findHold(tx, id, now);
  if (hold === undefined) throw new CodedError('NOT_FOUND', `there is no hold ${id}`);
  if (!hold.inForce) return hold;
  const at = timestamp(now);
  await tx.updateTable('hold').set({ lifted_at: at, lifted_by: actor }).where('id', '=', id).execute();
  const { scope, target, group, reason, author } = hold;
  const about = {
    ...(group !== null && { groupName: group }),
    ...(scope === 'instance' && { instanceId: target ?? '' }),
  };
  const data = { hold: id, scope, target, reason, author, actor };
  await appendEvent(tx, { at, type: 'hold.lifted', ...about, data });
  return (await findHold(tx, id, now))!;
}

/** Those in force. */
export async function readHolds(db: Db, now: number): Promise<readonly Hold[]> {
  const rows = await withGroup(inForce(db, now)).orderBy('hold.id').execute();
  return rows.map((row) => holdOf(row, now));
}

/** Whatever became of them, newest first. */
export function holdRows(db: Db) {
  return withGroup(db.selectFrom('hold')).orderBy('hold.id', 'desc');
}

async function findHold(db: Db, id: string, now: number): Promise<Hold | undefined> {
  const row = await withGroup(db.selectFrom('hold')).where('hold.id', '=', id).executeTakeFirst();
  return row && holdOf(row, now);
}

function inForce(db: Db, now: number) {
  return db
    .selectFrom('hold')
    .where('lifted_at', 'is', null)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', timestamp(now))]));
}

function withGroup(select: ReturnType<typeof inForce>) {
  return select
    .leftJoin('instance', 'instance.id', 'hold.target')
    .selectAll('hold')
    .select('instance.group_name as instance_group');
}

export type HoldRow = Awaited<ReturnType<ReturnType<typeof holdRows>['execute']>>[number];

export function holdOf(row: HoldRow, now: number): Hold {
  const isOver = row.expires_at !== null && Date.parse(row.expires_at) <= now;
  return {
    id: row.id,
    scope: row.scope as HoldScope,
    target: row.target,
    group: row.scope === 'group' ? row.target : row.scope === 'all' ? null : row.instance_group,
    reason: row.reason,
    author: row.author,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    liftedAt: row.lifted_at,
    liftedBy: row.lifted_by,
    inForce: row.lifted_at === null && !isOver,
  };
}
