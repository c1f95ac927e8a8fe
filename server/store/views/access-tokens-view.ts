import type { AccessToken } from '../../../shared/api-access.ts';
import { accessTokenOf } from '../access-token-store.ts';
import type { Db } from '../database.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

/** Newest first. Secrets are not stored and cannot be shown. */
export async function listAccessTokens(db: Db, query: PageQuery): Promise<Page<AccessToken>> {
  const before = readCursor(query, 1)?.[0];
  let select = db
    .selectFrom('access_token')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(query.limit + 1);
  if (before !== undefined) select = select.where('id', '<', before);
  return pageOfRows(await select.execute(), query, (row) => [row.id], accessTokenOf);
}
