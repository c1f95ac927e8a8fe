import { type Expression, type Selectable, type SqlBool, sql } from 'kysely';
import type { Instance, Lifecycle } from '../../../shared/api.ts';
import { timestamp } from '../../../shared/clock.ts';
import type { Coverage } from '../../../shared/coverage.ts';
import { latestUntil } from '../../../shared/exemption.ts';
import type { Image } from '../../../shared/image.ts';
import type { Severity } from '../../../shared/severity.ts';
import type { Verdict } from '../../../shared/verdict.ts';
import { isOurs } from '../../fleet/server-holes.ts';
import type { Db } from '../database.ts';
import { isExempt } from '../exempt-finding-store.ts';
import { readGroup } from '../group-store.ts';
import type { InstanceTable } from '../tables.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';
import type { Sight } from './sight.ts';

export interface InstanceQuery extends PageQuery {
  readonly group?: string | undefined;
  readonly content?: Verdict | undefined;
  readonly lifecycle?: Lifecycle | undefined;
  /** Retired ones too. */
  readonly all?: boolean | undefined;
}

export async function listInstances(db: Db, query: InstanceQuery, sight: Sight): Promise<Page<Instance>> {
  const after = readCursor(query, 1)?.[0];
  let select = instanceRows(db)
    .orderBy('instance.id')
    .limit(query.limit + 1);
  if (after !== undefined) select = select.where('instance.id', '>', after);
  if (query.group !== undefined) select = select.where('instance.group_name', '=', query.group);
  if (query.lifecycle !== undefined) select = select.where('instance.lifecycle', '=', query.lifecycle);
  else if (query.all !== true) select = select.where('instance.lifecycle', '!=', 'retired');
  if (query.content !== undefined) select = select.where(contentIs(query.content, sight));
  const rows = await select.execute();
  const groups = await promotedImages(db, rows);
  return pageOfRows(
    rows,
    query,
    (row) => [row.id],
    (row) => instanceOf(row, groups, sight),
  );
}

export async function findInstance(db: Db, id: string, sight: Sight): Promise<Instance | undefined> {
  const row = await instanceRows(db).where('instance.id', '=', id).executeTakeFirst();
  return row && instanceOf(row, await promotedImages(db, [row]), sight);
}

/** `sight.contentOf` as a condition: evidence that is not of this time any more makes a clean one unverifiable. */
export function contentIs(content: Verdict, sight: Sight): Expression<SqlBool> {
  const since = timestamp(sight.now - sight.evidenceTtlMs);
  const until = timestamp(sight.now + sight.evidenceTtlMs);
  const isFresh = sql<SqlBool>`(instance.scan_finished_at > ${since} and instance.scan_finished_at < ${until})`;
  const holds = sql<SqlBool>`(instance.exempt_until is null or (instance.exempt_until > ${timestamp(sight.now)}
    and instance.exempt_until <= ${timestamp(latestUntil(sight.now))}))`;
  switch (content) {
    case 'drifted':
      return sql<SqlBool>`(instance.verdict = 'drifted' or not ${holds})`;
    case 'in_sync':
      return sql<SqlBool>`(instance.verdict = 'in_sync' and ${isFresh} and ${holds})`;
    case 'unverifiable':
      return sql<SqlBool>`(${holds} and (instance.verdict = 'unverifiable'
        or (instance.verdict = 'in_sync' and ${isFresh} is not true)))`;
    default:
      return content satisfies never;
  }
}

function instanceRows(db: Db) {
  return db
    .selectFrom('instance')
    .leftJoin('image', 'image.digest', 'instance.image_digest')
    .leftJoin('machine', (join) =>
      join
        .onRef('machine.group_name', '=', 'instance.group_name')
        .onRef('machine.provider_id', '=', 'instance.provider_id'),
    )
    .selectAll('instance')
    .select(['machine.zone as zone', 'image.name as image_name', 'image.version as image_version'])
    .select((eb) =>
      eb
        .selectFrom('finding')
        .select(eb.fn.countAll<number>().as('n'))
        .whereRef('finding.instance_id', '=', 'instance.id')
        .where('finding.closed_at', 'is', null)
        .as('open_findings'),
    )
    .select((eb) =>
      eb
        .selectFrom('finding')
        .select(eb.fn.countAll<number>().as('n'))
        .whereRef('finding.instance_id', '=', 'instance.id')
        .where('finding.closed_at', 'is', null)
        .where(isExempt)
        .as('exempt_findings'),
    );
}

type InstanceRow = Selectable<InstanceTable> & {
  readonly zone: string | null;
  readonly image_name: string | null;
  readonly image_version: string | null;
  readonly open_findings: number | null;
  readonly exempt_findings: number | null;
};

type Promoted = ReadonlyMap<string, readonly string[]>;

/** By group: the images promoted there. */
async function promotedImages(db: Db, rows: readonly InstanceRow[]): Promise<Promoted> {
  const names = new Set(rows.map((row) => row.group_name));
  const found = await Promise.all([...names].map((name) => readGroup(db, name)));
  return new Map(
    found.flatMap((stored) => (stored ? [[stored.group.name, Object.values(stored.group.images)] as const] : [])),
  );
}

function instanceOf(row: InstanceRow, promoted: Promoted, sight: Sight): Instance {
  const image: Image | null =
    row.image_name === null || row.image_version === null
      ? null
      : { name: row.image_name, version: row.image_version, digest: row.image_digest };
  const evidence = evidenceOf(row, sight);
  const content = sight.contentOf({
    verdict: row.verdict,
    scanFinishedAt: row.scan_finished_at,
    exemptUntil: row.exempt_until,
  });
  const liveness = sight.livenessOf(row.id);
  const currency = sight.currencyOf({ image, promoted: promoted.get(row.group_name) ?? [] });
  const taint =
    row.taint_severity === null || row.taint_at === null
      ? null
      : { severity: row.taint_severity as Severity, since: row.taint_at };
  const healthy = content === 'in_sync' && taint === null && liveness === 'online' && currency !== 'unknown';
  return {
    id: row.id,
    providerId: row.provider_id,
    zone: row.zone,
    group: row.group_name,
    image,
    imageDigest: row.image_digest,
    key: row.key_id,
    labels: JSON.parse(row.labels),
    content,
    liveness,
    currency,
    lifecycle: row.lifecycle,
    needsAttention: row.lifecycle !== 'retired' && !healthy,
    taint,
    doubts: JSON.parse(row.doubts),
    openFindings: row.open_findings ?? 0,
    exempted: row.exempt_until === null ? null : { findings: row.exempt_findings ?? 0, until: row.exempt_until },
    evidence,
    serverHoles: coverageOf(row)?.holes.filter(isOurs) ?? [],
    enrolledBy: row.enrolled_by,
    enrolledWith: row.enrolled_with,
    startedFrom: row.started_from,
    enrolledAt: row.enrolled_at,
    lastSeenAt: row.last_seen_at,
    facts: JSON.parse(row.facts),
  };
}

function evidenceOf(row: InstanceRow, sight: Sight): Instance['evidence'] {
  const { scan_id, scan_started_at, scan_finished_at, state_digest } = row;
  const coverage = coverageOf(row);
  if (scan_id === null || scan_started_at === null || scan_finished_at === null) return null;
  if (coverage === null || state_digest === null) return null;
  return {
    scanId: scan_id,
    startedAt: scan_started_at,
    finishedAt: scan_finished_at,
    expiresAt: timestamp(Date.parse(scan_finished_at) + sight.evidenceTtlMs),
    imageDigest: row.image_digest,
    rules: row.rules,
    stateDigest: state_digest,
    coverage,
  };
}

function coverageOf({ coverage }: InstanceRow): Coverage | null {
  return coverage === null ? null : JSON.parse(coverage);
}
