import type { Token } from '../../../shared/api-enrolment.ts';
import type { Db } from '../database.ts';
import { tokenOf } from '../token-store.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

/** Newest first. Secrets are not stored and cannot be shown. */
export async function listTokens(db: Db, query: PageQuery): Promise<Page<Token>> {
  const before = readCursor(query, 1)?.[0];
  let select = db
    .selectFrom('join_token')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(query.limit + 1);
  if (before !== undefined) select = select.where('id', '<', before);
  return pageOfRows(await select.execute(), query, (row) => [row.id], tokenOf);
}
