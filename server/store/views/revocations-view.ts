import type { Revocation } from '../../../shared/revocation.ts';
import type { Db } from '../database.ts';
import { storedRevocation } from '../revocation-store.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

/** The latest replacement first. */
export async function listRevocations(db: Db, query: PageQuery): Promise<Page<Revocation>> {
  const before = readCursor(query, 1)?.[0];
  let select = db
    .selectFrom('proof_revocation')
    .selectAll()
    .orderBy('replacement_id', 'desc')
    .limit(query.limit + 1);
  if (before !== undefined) select = select.where('replacement_id', '<', before);
  return pageOfRows(await select.execute(), query, (row) => [row.replacement_id], storedRevocation);
}
