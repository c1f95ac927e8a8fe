import type { Selectable } from 'kysely';
import type { ReplacementState, ReplacementView } from '../../../shared/api.ts';
import type { Db } from '../database.ts';
import { endedStates } from '../replacement-store.ts';
import type { ReplacementStepTable, ReplacementTable } from '../tables.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

export interface ReplacementQuery extends PageQuery {
  readonly group?: string | undefined;
  /** Only those under way, or only those that ended. */
  readonly active?: boolean | undefined;
}

/** Newest first. */
export async function listReplacements(db: Db, query: ReplacementQuery): Promise<Page<ReplacementView>> {
  const before = readCursor(query, 1)?.[0];
  let select = replacementRows(db)
    .orderBy('replacement.id', 'desc')
    .limit(query.limit + 1);
  if (before !== undefined) select = select.where('replacement.id', '<', before);
  if (query.group !== undefined) select = select.where('replacement.group_name', '=', query.group);
  if (query.active !== undefined) select = select.where('state', query.active ? 'not in' : 'in', endedStates);
  const rows = await select.execute();
  const steps = await stepsOf(
    db,
    rows.map((row) => row.id),
  );
  return pageOfRows(
    rows,
    query,
    (row) => [row.id],
    (row) => replacementOf(row, steps),
  );
}

export async function findReplacement(db: Db, id: string): Promise<ReplacementView | undefined> {
  const row = await replacementRows(db).where('replacement.id', '=', id).executeTakeFirst();
  return row && replacementOf(row, await stepsOf(db, [id]));
}

/** The one under way that takes the instance away or brought it, and the last one of it that failed. */
export async function replacementsAbout(
  db: Db,
  instanceId: string,
): Promise<{ readonly underWay: ReplacementView | null; readonly lastFailure: ReplacementView | null }> {
  const instance = await db.selectFrom('instance').select('launch_key').where('id', '=', instanceId).executeTakeFirst();
  const broughtBy = /^r-(.+)$/.exec(instance?.launch_key ?? '')?.[1] ?? '';
  const latest = replacementRows(db).orderBy('replacement.id', 'desc').limit(1);
  const underWay = await latest
    .where('state', 'not in', endedStates)
    .where((eb) => eb.or([eb('old_instance_id', '=', instanceId), eb('replacement.id', '=', broughtBy)]))
    .executeTakeFirst();
  const failed = await latest
    .where('old_instance_id', '=', instanceId)
    .where('state', '=', 'failed')
    .executeTakeFirst();
  const view = async (row: ReplacementRow | undefined) =>
    row ? replacementOf(row, await stepsOf(db, [row.id])) : null;
  return { underWay: await view(underWay), lastFailure: await view(failed) };
}

function replacementRows(db: Db) {
  return db
    .selectFrom('replacement')
    .leftJoin('image', 'image.digest', 'replacement.target_digest')
    .leftJoin('proof_revocation', 'proof_revocation.replacement_id', 'replacement.id')
    .selectAll('replacement')
    .select(['proof_revocation.revoked_at'])
    .select(['image.name as image_name', 'image.version as image_version']);
}

type ReplacementRow = Selectable<ReplacementTable> & {
  readonly image_name: string | null;
  readonly image_version: string | null;
  readonly revoked_at: string | null;
};
type Steps = ReadonlyMap<string, ReplacementView['steps']>;

async function stepsOf(db: Db, ids: readonly string[]): Promise<Steps> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('replacement_step')
    .selectAll()
    .where('replacement_id', 'in', ids)
    .orderBy('replacement_id')
    .orderBy('n')
    .execute();
  const own = Map.groupBy(rows, (row) => row.replacement_id);
  return new Map([...own].map(([id, steps]) => [id, steps.map(stepOf)]));
}

function stepOf(row: Selectable<ReplacementStepTable>): ReplacementView['steps'][number] {
  return { state: row.state as ReplacementState, at: row.at, detail: row.detail };
}

function replacementOf(row: ReplacementRow, steps: Steps): ReplacementView {
  return {
    id: row.id,
    group: row.group_name,
    policy: row.policy,
    policyVersion: row.policy_version,
    approval: row.approval,
    cause: JSON.parse(row.cause),
    state: row.state as ReplacementState,
    order: row.launch_order,
    lineage: row.lineage ?? row.id,
    attempt: row.attempt,
    target: { name: row.image_name ?? 'unknown', version: row.image_version ?? 'unknown', digest: row.target_digest },
    oldInstanceId: row.old_instance_id,
    oldProviderId: row.old_provider_id,
    newInstanceId: row.new_instance_id,
    newProviderId: row.new_provider_id,
    launchedAt: row.launched_at,
    error: row.error,
    steps: steps.get(row.id) ?? [],
    proof: row.proof === null ? null : JSON.parse(row.proof),
    revokedAt: row.revoked_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
