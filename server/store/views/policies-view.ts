import type { PolicyView } from '../../../shared/api.ts';
import type { Db } from '../database.ts';
import { storedPolicy } from '../policy-store.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

export async function listPolicies(db: Db, query: PageQuery): Promise<Page<PolicyView>> {
  const after = readCursor(query, 1)?.[0];
  let select = db
    .selectFrom('policy')
    .selectAll()
    .orderBy('name')
    .limit(query.limit + 1);
  if (after !== undefined) select = select.where('name', '>', after);
  return pageOfRows(await select.execute(), query, (row) => [row.name], storedPolicy);
}
