import type { Look } from '../../../shared/api-looks.ts';
import type { Db } from '../database.ts';
import { type StoredLook, storedLook } from '../look-store.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

export interface LookQuery extends PageQuery {
  readonly instance?: string | undefined;
  readonly group?: string | undefined;
}

/** Newest first. */
export async function listLooks(db: Db, query: LookQuery): Promise<Page<Look>> {
  const before = readCursor(query, 1)?.[0];
  let select = db
    .selectFrom('outside_look')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(query.limit + 1);
  if (before !== undefined) select = select.where('id', '<', before);
  if (query.instance !== undefined) select = select.where('instance_id', '=', query.instance);
  if (query.group !== undefined) select = select.where('group_name', '=', query.group);
  return pageOfRows(
    await select.execute(),
    query,
    (row) => [row.id],
    (row) => lookOf(storedLook(row)),
  );
}

export function lookOf({ request: _request, answeredAt: _answeredAt, result, ...look }: StoredLook): Look {
  return { ...look, ...result, differences: [...result.differences] };
}
