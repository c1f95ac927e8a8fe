import { sql } from 'kysely';
import type { Drift, InstanceFinding } from '../../../shared/api.ts';
import { severities } from '../../../shared/severity.ts';
import type { Db } from '../database.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

export interface FindingQuery extends PageQuery {
  /** Only open ones, or only closed ones. */
  readonly open?: boolean | undefined;
}

/** The findings of one instance, by subject and name. */
export async function listFindings(db: Db, instanceId: string, query: FindingQuery): Promise<Page<InstanceFinding>> {
  const after = readCursor(query, 3);
  let select = db
    .selectFrom('finding')
    .innerJoin('drift', 'drift.fingerprint', 'finding.fingerprint')
    .selectAll('finding')
    .select(['subject', 'name', 'change', 'attributes', 'expected', 'actual'])
    .where('finding.instance_id', '=', instanceId)
    .orderBy('drift.subject')
    .orderBy('drift.name')
    .orderBy('finding.fingerprint')
    .limit(query.limit + 1);
  if (after !== undefined) {
    select = select.where(sql<boolean>`(drift.subject, drift.name, finding.fingerprint) > (${sql.join([...after])})`);
  }
  if (query.open !== undefined) select = select.where('finding.closed_at', query.open ? 'is' : 'is not', null);
  return pageOfRows(
    await select.execute(),
    query,
    (row) => [row.subject, row.name, row.fingerprint],
    (row): InstanceFinding => ({
      fingerprint: row.fingerprint,
      subject: row.subject,
      name: row.name,
      change: row.change as InstanceFinding['change'],
      attributes: JSON.parse(row.attributes),
      severity: row.severity as InstanceFinding['severity'],
      expected: JSON.parse(row.expected),
      actual: JSON.parse(row.actual),
      rule: row.rule,
      firstSeenAt: row.first_seen_at,
      lastSeenAt: row.last_seen_at,
      closedAt: row.closed_at,
    }),
  );
}

export interface DriftQuery extends PageQuery {
  /** Only those that some instance has now, or only those that none has. */
  readonly open?: boolean | undefined;
}

/** Newest first. Retired instances count in the total, and hold nothing open. */
export async function listDrifts(db: Db, query: DriftQuery): Promise<Page<Drift>> {
  const after = readCursor(query, 2);
  let select = driftRows(db)
    .orderBy('drift.first_seen_at', 'desc')
    .orderBy('drift.fingerprint', 'desc')
    .limit(query.limit + 1);
  if (after !== undefined) {
    select = select.where(sql<boolean>`(drift.first_seen_at, drift.fingerprint) < (${sql.join([...after])})`);
  }
  if (query.open !== undefined) select = select.having(openCount, query.open ? '>' : '=', 0);
  return pageOfRows(await select.execute(), query, (row) => [row.first_seen_at, row.fingerprint], driftOf);
}

export async function findDrift(db: Db, fingerprint: string): Promise<Drift | undefined> {
  const row = await driftRows(db).where('drift.fingerprint', '=', fingerprint).executeTakeFirst();
  return row && driftOf(row);
}

const openCount = sql<number>`count(case when finding.closed_at is null and instance.lifecycle <> 'retired' then 1 end)`;
/** Severity is the rule's and may differ between instances: a drift shows the highest anyone gave it. */
const highestSeverity = sql<number>`max(case finding.severity ${sql.join(
  severities.map((severity, rank) => sql`when ${sql.lit(severity)} then ${sql.lit(rank)}`),
  sql` `,
)} end)`;

function driftRows(db: Db) {
  return db
    .selectFrom('drift')
    .leftJoin('finding', 'finding.fingerprint', 'drift.fingerprint')
    .leftJoin('instance', 'instance.id', 'finding.instance_id')
    .selectAll('drift')
    .select((eb) => [
      openCount.as('open_instances'),
      eb.fn.count<number>('finding.instance_id').as('total_instances'),
      eb.fn.max('finding.last_seen_at').as('last_seen_at'),
      highestSeverity.as('severity_rank'),
    ])
    .groupBy('drift.fingerprint');
}

type DriftRow = Awaited<ReturnType<ReturnType<typeof driftRows>['execute']>>[number];

function driftOf(row: DriftRow): Drift {
  return {
    fingerprint: row.fingerprint,
    subject: row.subject,
    name: row.name,
    change: row.change as Drift['change'],
    attributes: JSON.parse(row.attributes),
    severity: severities[row.severity_rank] ?? 'info',
    expected: JSON.parse(row.expected),
    actual: JSON.parse(row.actual),
    openInstances: row.open_instances,
    totalInstances: row.total_instances,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at ?? row.first_seen_at,
  };
}
