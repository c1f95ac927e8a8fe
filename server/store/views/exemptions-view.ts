import { sql } from 'kysely';
import type { ExemptionView } from '../../../shared/exemption.ts';
import type { Db } from '../database.ts';
import { inForceAt, isInForce, storedExemption } from '../exemption-store.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

export interface ExemptionQuery extends PageQuery {
  /** Those that expired or were ended too. */
  readonly all?: boolean | undefined;
}

/** The one that ends next first. */
export async function listExemptions(db: Db, query: ExemptionQuery, now: number): Promise<Page<ExemptionView>> {
  const after = readCursor(query, 2);
  let select = exemptionRows(db)
    .orderBy('exemption.until')
    .orderBy('exemption.name')
    .limit(query.limit + 1);
  if (after !== undefined) {
    select = select.where(sql<boolean>`(exemption.until, exemption.name) > (${sql.join([...after])})`);
  }
  if (query.all !== true) {
    const { after: from, upTo } = inForceAt(now);
    select = select.where('ended_at', 'is', null).where('until', '>', from).where('until', '<=', upTo);
  }
  return pageOfRows(
    await select.execute(),
    query,
    (row) => [row.until, row.name],
    (row) => viewOf(row, now),
  );
}

export async function findExemption(db: Db, name: string, now: number): Promise<ExemptionView | undefined> {
  const row = await exemptionRows(db).where('exemption.name', '=', name).executeTakeFirst();
  return row && viewOf(row, now);
}

function exemptionRows(db: Db) {
  return db
    .selectFrom('exemption')
    .selectAll('exemption')
    .select((eb) =>
      eb
        .selectFrom('exempt_finding')
        .innerJoin('finding', (join) =>
          join
            .onRef('finding.instance_id', '=', 'exempt_finding.instance_id')
            .onRef('finding.fingerprint', '=', 'exempt_finding.fingerprint'),
        )
        .innerJoin('instance', 'instance.id', 'finding.instance_id')
        .select(sql<number>`count(distinct finding.instance_id)`.as('n'))
        .whereRef('exempt_finding.exemption', '=', 'exemption.name')
        .where('exempt_finding.counted', '=', 1)
        .where('finding.closed_at', 'is', null)
        .where('instance.lifecycle', '!=', 'retired')
        .as('instances'),
    );
}

type ExemptionRow = Awaited<ReturnType<ReturnType<typeof exemptionRows>['execute']>>[number];

function viewOf(row: ExemptionRow, now: number): ExemptionView {
  const { exemption, version, author, declaredAt, until, ended } = storedExemption(row);
  const holds = isInForce({ until }, inForceAt(now));
  const state = ended !== null ? 'ended' : holds ? 'in_force' : 'expired';
  return { exemption, version, state, author, declaredAt, ended, instances: Number(row.instances ?? 0) };
}
