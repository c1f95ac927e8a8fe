import type { Selectable } from 'kysely';
import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import type { ImageRef } from '../../shared/image.ts';
import type { Db } from './database.ts';
import { appendEvent } from './event-store.ts';
import type { RolloutTable } from './tables.ts';

/** How far an image has come in a group that promotes it. Times are milliseconds since the epoch. */
export interface StoredRollout {
  readonly group: string;
  readonly image: ImageRef;
  readonly startedAt: number;
  /** Since then its canaries need not come first any more; null until they have soaked. */
  readonly soakedAt: number | null;
  readonly paused: { readonly cause: string; readonly at: number } | null;
  /** What was bad before was seen by the person who resumed it. */
  readonly resumedAt: number | null;
}

/**
 * Begins, or begins again: an image that has soaked once need not do so twice, and one that was paused stays so until a
 * person resumes it.
 */
export async function beginRollout(db: Db, group: string, image: ImageRef, at: string): Promise<void> {
  await db
    .insertInto('rollout')
    .values({ group_name: group, image, started_at: at })
    .onConflict((conflict) => conflict.columns(['group_name', 'image']).doUpdateSet({ started_at: at }))
    .execute();
}

/** Latches, and is told where there was something to wait for: `why` is null where there was not. */
export async function noteSoaked(
  db: Db,
  group: string,
  image: ImageRef,
  at: string,
  why: string | null,
): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('rollout')
    .set({ soaked_at: at })
    .where('group_name', '=', group)
    .where('image', '=', image)
    .where('soaked_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n || why === null) return;
  await appendEvent(db, { at, type: 'rollout.soaked', groupName: group, data: { image, why } });
}

/** Latches: one that is paused keeps its first cause. Answers whether this call paused it. */
export async function pauseRollout(
  db: Db,
  { group, image, cause }: { readonly group: string; readonly image: ImageRef; readonly cause: string },
  now: number,
): Promise<boolean> {
  const at = timestamp(now);
  const { numUpdatedRows } = await db
    .updateTable('rollout')
    .set({ paused_at: at, paused_cause: cause })
    .where('group_name', '=', group)
    .where('image', '=', image)
    .where('paused_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await appendEvent(db, { at, type: 'rollout.paused', groupName: group, data: { image, cause } });
  return true;
}

export interface Resumption {
  readonly group: string;
  readonly image: ImageRef;
  readonly actor: string;
  readonly reason: string;
}

/** By a person, with a reason. Errors: CONFLICT when it is not paused. */
export async function resumeRollout(db: Db, { group, image, actor, reason }: Resumption, now: number): Promise<void> {
  const at = timestamp(now);
  await db.transaction().execute(async (tx) => {
    const known = await findRollout(tx, group, image);
    if (!known?.paused) throw new CodedError('CONFLICT', `the rollout of ${image} in group ${group} is not paused`);
    await tx
      .updateTable('rollout')
      .set({ paused_at: null, paused_cause: null, resumed_at: at })
      .where('group_name', '=', group)
      .where('image', '=', image)
      .execute();
    const data = { image, actor, reason, cause: known.paused.cause };
    await appendEvent(tx, { at, type: 'rollout.resumed', groupName: group, data });
  });
}

/** Undefined for an image that was promoted before rollouts were watched, or by another channel: nothing holds it. */
export async function findRollout(db: Db, group: string, image: ImageRef): Promise<StoredRollout | undefined> {
  const row = await db
    .selectFrom('rollout')
    .selectAll()
    .where('group_name', '=', group)
    .where('image', '=', image)
    .executeTakeFirst();
  return row && storedRollout(row);
}

/** Of all groups, or of some. */
export async function readRollouts(db: Db, groups?: readonly string[]): Promise<readonly StoredRollout[]> {
  if (groups?.length === 0) return [];
  let select = db.selectFrom('rollout').selectAll().orderBy('started_at').orderBy('image');
  if (groups !== undefined) select = select.where('group_name', 'in', groups);
  return (await select.execute()).map(storedRollout);
}

function storedRollout(row: Selectable<RolloutTable>): StoredRollout {
  const time = (text: string | null) => (text === null ? null : Date.parse(text));
  const { paused_at: pausedAt, paused_cause: cause } = row;
  return {
    group: row.group_name,
    image: row.image,
    startedAt: Date.parse(row.started_at),
    soakedAt: time(row.soaked_at),
    paused: pausedAt === null ? null : { cause: cause ?? '', at: Date.parse(pausedAt) },
    resumedAt: time(row.resumed_at),
  };
}
