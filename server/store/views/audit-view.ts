import type { AuditEntry } from '../../../shared/audit.ts';
import { auditEntryOf } from '../audit-store.ts';
import type { Db } from '../database.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

export interface AuditQuery extends PageQuery {
  /** Those after this one. */
  readonly after?: number | undefined;
}

/** In the order of the chain: the oldest first. */
export async function listAudit(db: Db, query: AuditQuery): Promise<Page<AuditEntry>> {
  const after = Number(readCursor(query, 1)?.[0] ?? query.after ?? 0);
  const rows = await db
    .selectFrom('audit')
    .selectAll()
    .where('n', '>', after)
    .orderBy('n')
    .limit(query.limit + 1)
    .execute();
  return pageOfRows(rows, query, (row) => [String(row.n)], auditEntryOf);
}
