import { sql } from 'kysely';
import type { InstanceFinding } from '../../../shared/api.ts';
import { relabelFingerprint } from '../../../shared/relabel.ts';
import type { Db } from '../database.ts';
import { exemptBy, exemptUntil } from '../exempt-finding-store.ts';
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
    .select([exemptBy.as('exempt_by'), exemptUntil.as('exempt_until')])
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
      ...(row.diff !== null && { diff: JSON.parse(row.diff) }),
      ...(row.actors !== null && { actors: JSON.parse(row.actors) }),
      ...(row.changes !== null && { changes: row.changes }),
      firstSeenAt: row.first_seen_at,
      lastSeenAt: row.last_seen_at,
      closedAt: row.closed_at,
      beneath: row.folded === 1 && row.relabel !== null ? relabelFingerprint(row.relabel) : null,
      exempted:
        row.exempt_by === null || row.exempt_until === null
          ? null
          : { exemption: row.exempt_by, until: row.exempt_until },
    }),
  );
}
