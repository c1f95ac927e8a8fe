import type { TrustedKey } from '../../../shared/api.ts';
import type { Db } from '../database.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

/** The keys that images may be signed with. */
export async function listKeys(db: Db, query: PageQuery): Promise<Page<TrustedKey>> {
  const after = readCursor(query, 1)?.[0];
  let select = db
    .selectFrom('trusted_key')
    .selectAll()
    .orderBy('id')
    .limit(query.limit + 1);
  if (after !== undefined) select = select.where('id', '>', after);
  return pageOfRows(
    await select.execute(),
    query,
    (row) => [row.id],
    (row) => ({ id: row.id, name: row.name, pem: row.pem, trustedAt: row.trusted_at }),
  );
}
