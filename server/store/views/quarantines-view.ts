import type { Selectable } from 'kysely';
import type { QuarantineState, QuarantineView } from '../../../shared/api-quarantine.ts';
import type { Severity } from '../../../shared/severity.ts';
import type { Db } from '../database.ts';
import type { QuarantineTable } from '../quarantine-table.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

export interface QuarantineQuery extends PageQuery {
  readonly group?: string | undefined;
  /** Those that have ended too. */
  readonly all?: boolean | undefined;
}

/** Newest first. */
export async function listQuarantines(db: Db, query: QuarantineQuery): Promise<Page<QuarantineView>> {
  const before = readCursor(query, 1)?.[0];
  let select = db
    .selectFrom('quarantine')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(query.limit + 1);
  if (before !== undefined) select = select.where('id', '<', before);
  if (query.group !== undefined) select = select.where('group_name', '=', query.group);
  if (query.all !== true) select = select.where('state', '!=', 'ended');
  return pageOfRows(await select.execute(), query, (row) => [row.id], quarantineOf);
}

/** The latest of an instance. */
export async function findQuarantineOf(db: Db, instanceId: string): Promise<QuarantineView | undefined> {
  const row = await db
    .selectFrom('quarantine')
    .selectAll()
    .where('instance_id', '=', instanceId)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && quarantineOf(row);
}

function quarantineOf(row: Selectable<QuarantineTable>): QuarantineView {
  return {
    id: row.id,
    group: row.group_name,
    instanceId: row.instance_id,
    providerId: row.provider_id,
    replacementId: row.replacement_id,
    owner: row.owner,
    reason: row.reason,
    severity: row.severity as Severity | null,
    state: row.state as QuarantineState,
    snapshotId: row.snapshot_id,
    snapshotAt: row.snapshot_at,
    expiresAt: row.expires_at,
    releasedAt: row.released_at,
    error: row.error,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
