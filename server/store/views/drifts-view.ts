import { sql } from 'kysely';
import type { Drift } from '../../../shared/api.ts';
import { relabelFingerprint } from '../../../shared/relabel.ts';
import { severities } from '../../../shared/severity.ts';
import type { Db } from '../database.ts';
import { exemptUntil, isExempt } from '../exempt-finding-store.ts';
import { severityRank } from '../relabel-store.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

export interface DriftQuery extends PageQuery {
  /** Only those that some instance has now, or only those that none has. */
  readonly open?: boolean | undefined;
}

/**
 * Newest first; a relabel is one, in the place of all that is beneath it. Retired instances count in the total, and hold
 * nothing open.
 */
export async function listDrifts(db: Db, query: DriftQuery): Promise<Page<Drift>> {
  const after = readCursor(query, 2);
  let select = db
    .selectFrom(driftRows(db, alone).unionAll(relabelRows(db)).as('drift'))
    .selectAll()
    .orderBy('first_seen_at', 'desc')
    .orderBy('fingerprint', 'desc')
    .limit(query.limit + 1);
  if (after !== undefined) {
    select = select.where(sql<boolean>`(first_seen_at, fingerprint) < (${sql.join([...after])})`);
  }
  if (query.open !== undefined) select = select.where('open_instances', query.open ? '>' : '=', 0);
  return pageOfRows(await select.execute(), query, (row) => [row.first_seen_at, row.fingerprint], driftOf);
}

export async function findDrift(db: Db, fingerprint: string): Promise<Drift | undefined> {
  const kind = await kindOf(db, fingerprint);
  const rows =
    kind === undefined
      ? driftRows(db, anywhere).where('drift.fingerprint', '=', fingerprint)
      : relabelRows(db).where('kind', '=', kind);
  const row = await rows.executeTakeFirst();
  return row && driftOf(row);
}

/** The drifts beneath a relabel, by name, counting only where they are beneath it; undefined where there is no such relabel. */
export async function listBeneath(db: Db, fingerprint: string, query: PageQuery): Promise<Page<Drift> | undefined> {
  const kind = await kindOf(db, fingerprint);
  if (kind === undefined) return undefined;
  const after = readCursor(query, 2);
  let select = driftRows(db, beneath(kind))
    .orderBy('drift.name')
    .orderBy('drift.fingerprint')
    .limit(query.limit + 1);
  if (after !== undefined) {
    select = select.where(sql<boolean>`(drift.name, drift.fingerprint) > (${sql.join([...after])})`);
  }
  return pageOfRows(await select.execute(), query, (row) => [row.name, row.fingerprint], driftOf);
}

/** There are few kinds, and none of them is found back from its fingerprint. */
async function kindOf(db: Db, fingerprint: string): Promise<string | undefined> {
  const rows = await db.selectFrom('relabel').select('kind').distinct().execute();
  return rows.find(({ kind }) => relabelFingerprint(kind) === fingerprint)?.kind;
}

/** Which findings of a drift count: an instance may have it by itself, and another as part of a relabel. */
const alone = sql<boolean>`finding.folded = 0`;
const anywhere = sql<boolean>`1 = 1`;
const beneath = (kind: string) => sql<boolean>`finding.folded = 1 and finding.relabel = ${kind}`;

const openCount = (closedAt: string) =>
  sql<number>`count(case when ${sql.ref(closedAt)} is null and instance.lifecycle <> 'retired' then 1 end)`;

function driftRows(db: Db, counts: typeof alone) {
  return db
    .selectFrom('drift')
    .innerJoin('finding', 'finding.fingerprint', 'drift.fingerprint')
    .innerJoin('instance', 'instance.id', 'finding.instance_id')
    .where(counts)
    .select(['drift.fingerprint', 'subject', 'name', 'change', 'attributes', 'expected', 'actual'])
    .select((eb) => [
      'drift.first_seen_at',
      sql<number | null>`null`.as('files'),
      openCount('finding.closed_at').as('open_instances'),
      sql<number>`count(case when finding.closed_at is null and instance.lifecycle <> 'retired' and ${isExempt} then 1 end)`.as(
        'exempt_instances',
      ),
      sql<string | null>`max(case when finding.closed_at is null then ${exemptUntil} end)`.as('exempt_until'),
      eb.fn.countAll<number>().as('total_instances'),
      eb.fn.max('finding.last_seen_at').as('last_seen_at'),
      // The rule's, which may differ between instances: a drift shows the highest anyone gave it.
      severityRank.as('severity_rank'),
    ])
    .groupBy('drift.fingerprint');
}

function relabelRows(db: Db) {
  return db
    .selectFrom('relabel')
    .innerJoin('instance', 'instance.id', 'relabel.instance_id')
    .select((eb) => [
      eb.ref('kind').as('fingerprint'),
      sql<string>`'file'`.as('subject'),
      sql<string>`'/'`.as('name'),
      sql<string>`'modified'`.as('change'),
      eb.ref('kind').as('attributes'),
      sql<string>`'{}'`.as('expected'),
      sql<string>`'{}'`.as('actual'),
      eb.fn.min('relabel.first_seen_at').as('first_seen_at'),
      sql<number | null>`max(files)`.as('files'),
      openCount('relabel.closed_at').as('open_instances'),
      sql<number>`0`.as('exempt_instances'),
      sql<string | null>`null`.as('exempt_until'),
      eb.fn.countAll<number>().as('total_instances'),
      eb.fn.max('relabel.last_seen_at').as('last_seen_at'),
      severityRank.as('severity_rank'),
    ])
    .groupBy('kind');
}

type DriftRow = Awaited<ReturnType<ReturnType<typeof driftRows>['execute']>>[number];

function driftOf(row: DriftRow): Drift {
  const isRelabel = row.files !== null;
  return {
    fingerprint: isRelabel ? relabelFingerprint(row.fingerprint) : row.fingerprint,
    subject: row.subject,
    name: row.name,
    change: row.change as Drift['change'],
    attributes: isRelabel ? row.attributes.split(',') : JSON.parse(row.attributes),
    severity: severities[row.severity_rank] ?? 'info',
    expected: JSON.parse(row.expected),
    actual: JSON.parse(row.actual),
    files: row.files,
    openInstances: row.open_instances,
    exemptInstances: row.exempt_instances,
    exemptUntil: row.exempt_until,
    totalInstances: row.total_instances,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
  };
}
