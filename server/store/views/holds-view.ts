import type { Hold } from '../../../shared/api-holds.ts';
import { timestamp } from '../../../shared/clock.ts';
import type { Db } from '../database.ts';
import { holdOf, holdRows } from '../hold-store.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

export interface HoldQuery extends PageQuery {
  /** Those that are over or lifted too. */
  readonly all?: boolean | undefined;
}

/** Newest first. */
export async function listHolds(db: Db, query: HoldQuery, now: number): Promise<Page<Hold>> {
  const before = readCursor(query, 1)?.[0];
  let select = holdRows(db).limit(query.limit + 1);
  if (before !== undefined) select = select.where('hold.id', '<', before);
  if (query.all !== true) {
    select = select
      .where('lifted_at', 'is', null)
      .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', timestamp(now))]));
  }
  return pageOfRows(
    await select.execute(),
    query,
    (row) => [row.id],
    (row) => holdOf(row, now),
  );
}
