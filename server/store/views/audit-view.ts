import type { AuditEntry } from '../../../shared/audit.ts';
import { auditEntryOf } from '../audit-store.ts';
import type { Db } from '../database.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

export interface AuditQuery extends PageQuery {
  /** Those after this one. */
  readonly after?: number | undefined;
  /** Backwards, for people who look at what was done last. */
  readonly newest?: boolean | undefined;
}

/** In the order of the chain, the oldest first, unless the newest are wanted. */
export async function listAudit(db: Db, query: AuditQuery): Promise<Page<AuditEntry>> {
  const at = readCursor(query, 1)?.[0];
  const after = Number((query.newest === true ? undefined : at) ?? query.after ?? 0);
  let select = db
    .selectFrom('audit')
    .selectAll()
    .where('n', '>', after)
    .orderBy('n', query.newest === true ? 'desc' : 'asc')
    .limit(query.limit + 1);
  if (query.newest === true && at !== undefined) select = select.where('n', '<', Number(at));
  return pageOfRows(await select.execute(), query, (row) => [String(row.n)], auditEntryOf);
}
