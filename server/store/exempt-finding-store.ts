import { type SqlBool, sql } from 'kysely';
import type { Change, Finding } from '../../shared/finding.ts';
import type { Severity } from '../../shared/severity.ts';
import type { Db } from './database.ts';
import { type InForce, inForceAt, type StoredExemption } from './exemption-store.ts';
import { prepared } from './prepared.ts';

/**
 * Which findings of which instances are exempted. A row says what an exemption covers, until when, and whether verdict and
 * taint of the instance were last judged with it (`counted`); whoever judges again compares that with the hour.
 */

/** Of a row of `finding`: the judgement of its instance rests on its being exempted. */
export const isExempt = sql<SqlBool>`exists (select 1 from exempt_finding as exempt
  where exempt.instance_id = finding.instance_id and exempt.fingerprint = finding.fingerprint and exempt.counted = 1)`;

/** Of the same: by which, and until when; of several the one that lasts longest. */
export const exemptBy = exemptColumn('exemption');
export const exemptUntil = exemptColumn('until');

function exemptColumn(column: 'exemption' | 'until') {
  return sql<string | null>`(select exempt.${sql.ref(column)} from exempt_finding as exempt
    where exempt.instance_id = finding.instance_id and exempt.fingerprint = finding.fingerprint and exempt.counted = 1
    order by exempt.until desc limit 1)`;
}

/** By fingerprint, until when; of most instances nothing. */
export async function exemptUntils(db: Db, instanceId: string): Promise<ReadonlyMap<string, string>> {
  return new Map((await untils(db, { instanceId })).map(({ fingerprint, until }) => [fingerprint, until]));
}

const untils = prepared<{ instanceId: string }>()((db, gap) =>
  db
    .selectFrom('exempt_finding')
    .select((eb) => ['fingerprint', eb.fn.max('until').as('until')])
    .where('instance_id', '=', gap('instanceId'))
    .where('counted', '=', 1)
    .groupBy('fingerprint'),
);

/**
 * One that opened or grew graver under an exemption: it would taint from now on, but for that. False for one that is covered and not
 * yet judged so: it taints, until it is.
 */
export async function exemptAtOnce(
  db: Db,
  instanceId: string,
  fingerprint: string,
  { exemption: { name }, until }: StoredExemption,
  at: string,
): Promise<boolean> {
  const row = await db
    .insertInto('exempt_finding')
    .values({
      ...{ instance_id: instanceId, fingerprint, exemption: name },
      ...{ until, counted: 1, judged: 1, tainted_at: at },
    })
    .onConflict((conflict) =>
      conflict.columns(['instance_id', 'fingerprint', 'exemption']).doUpdateSet({
        judged: sql<number>`case when exempt_finding.counted = 1 then exempt_finding.judged else 0 end`,
        // It may have been reverted meanwhile: what counts is when it was there first.
        tainted_at: sql<string | null>`case when exempt_finding.counted = 1
          then coalesce(exempt_finding.tainted_at, excluded.tainted_at) else exempt_finding.tainted_at end`,
      }),
    )
    .returning('counted')
    .executeTakeFirstOrThrow();
  return row.counted === 1;
}

export interface CoveredFinding {
  readonly instanceId: string;
  readonly fingerprint: string;
}

/** Of instances that are not retired: what an exemption may be about, with all attributes as their agents told them. */
export async function findingsAbout(
  db: Db,
  { drift, group, image }: StoredExemption['exemption'],
): Promise<readonly (CoveredFinding & Omit<Finding, 'severity'>)[]> {
  let select = db
    .selectFrom('finding')
    .innerJoin('drift', 'drift.fingerprint', 'finding.fingerprint')
    .innerJoin('instance', 'instance.id', 'finding.instance_id')
    .leftJoin('image', 'image.digest', 'instance.image_digest')
    .select(['finding.instance_id', 'finding.fingerprint', 'finding.rule', 'finding.rest'])
    .select(['drift.subject', 'drift.name', 'drift.change', 'drift.attributes', 'drift.expected', 'drift.actual'])
    .where('instance.lifecycle', '!=', 'retired');
  if ('fingerprint' in drift) select = select.where('finding.fingerprint', '=', drift.fingerprint);
  else select = select.where('drift.subject', '=', 'file').where('drift.name', '=', drift.file);
  if (group !== undefined) select = select.where('instance.group_name', '=', group);
  if (image !== undefined) select = select.where(sql<string>`image.name || '@' || image.version`, '=', image);
  return (await select.execute()).map((row) => {
    const [expected, actual] = JSON.parse(row.rest);
    return {
      instanceId: row.instance_id,
      fingerprint: row.fingerprint,
      rule: row.rule,
      subject: row.subject,
      name: row.name,
      change: row.change as Change,
      attributes: JSON.parse(row.attributes),
      expected: { ...expected, ...JSON.parse(row.expected) },
      actual: { ...actual, ...JSON.parse(row.actual) },
    };
  });
}

/** From now on it covers these and no others. */
export async function placeExemption(
  db: Db,
  { exemption: { name }, until }: StoredExemption,
  covered: readonly CoveredFinding[],
): Promise<void> {
  await db.updateTable('exempt_finding').set({ until: never, judged: 0 }).where('exemption', '=', name).execute();
  for (const { instanceId, fingerprint } of covered) await place(db, { instanceId, fingerprint, name, until });
}

/** Before every time there is. */
const never = '';

const place = prepared<CoveredFinding & { readonly name: string; readonly until: string }>()((db, gap) =>
  db
    .insertInto('exempt_finding')
    .values({
      ...{ instance_id: gap('instanceId'), fingerprint: gap('fingerprint'), exemption: gap('name') },
      ...{ until: gap('until'), counted: 0, judged: 0, tainted_at: null },
    })
    .onConflict((conflict) =>
      conflict
        .columns(['instance_id', 'fingerprint', 'exemption'])
        .doUpdateSet((eb) => ({ until: eb.ref('excluded.until'), judged: 0 })),
    ),
);

/** Of one instance: the same as `listToJudge` asks of all. */
export async function isJudgedOtherwise(db: Db, instanceId: string, holds: InForce): Promise<boolean> {
  return (await judgedOtherwise(db, { instanceId, ...holds })).length > 0;
}

const judgedOtherwise = prepared<InForce & { readonly instanceId: string }>()((db, gap) =>
  db
    .selectFrom('exempt_finding')
    .select('fingerprint')
    .where('instance_id', '=', gap('instanceId'))
    .where(({ or, and, eb, not }) => {
      const holds = and([eb('until', '>', gap('after')), eb('until', '<=', gap('upTo'))]);
      return or([eb('judged', '=', 0), and([eb('counted', '=', 1), not(holds)]), and([eb('counted', '=', 0), holds])]);
    })
    .limit(1),
);

/** Instances that were judged with other exemptions than hold now. */
export async function listToJudge(db: Db, { after, upTo }: InForce, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('exempt_finding')
    .select('instance_id')
    .distinct()
    .where(({ or, and, eb, not }) => {
      const holds = and([eb('until', '>', after), eb('until', '<=', upTo)]);
      return or([eb('judged', '=', 0), and([eb('counted', '=', 1), not(holds)]), and([eb('counted', '=', 0), holds])]);
    })
    .orderBy('instance_id')
    .limit(limit)
    .execute();
  return rows.map((row) => row.instance_id);
}

/** A covered finding of one instance, as it stands. */
export interface ExemptFinding {
  readonly fingerprint: string;
  readonly until: string;
  readonly counted: boolean;
  /** Since when it would taint, but for its being exempted; null where it did not when that began. */
  readonly taintedAt: string | null;
  readonly severity: Severity;
  readonly rule: string;
  readonly firstSeenAt: string;
  readonly taintingSince: string;
}

export async function readExempt(db: Db, instanceId: string): Promise<readonly ExemptFinding[]> {
  const rows = await db
    .selectFrom('exempt_finding')
    .innerJoin('finding', (join) =>
      join
        .onRef('finding.instance_id', '=', 'exempt_finding.instance_id')
        .onRef('finding.fingerprint', '=', 'exempt_finding.fingerprint'),
    )
    .select(['exempt_finding.fingerprint', 'until', 'counted', 'tainted_at'])
    .select(['severity', 'rule', 'first_seen_at', 'tainting_since'])
    .where('exempt_finding.instance_id', '=', instanceId)
    .execute();
  return rows.map((row) => ({
    fingerprint: row.fingerprint,
    until: row.until,
    counted: row.counted === 1,
    taintedAt: row.tainted_at,
    severity: row.severity as Severity,
    rule: row.rule,
    firstSeenAt: row.first_seen_at,
    taintingSince: row.tainting_since,
  }));
}

/** All of an instance is judged by what holds now. */
export async function noteJudged(db: Db, instanceId: string, { after, upTo }: InForce): Promise<void> {
  const counted = sql<number>`case when until > ${after} and until <= ${upTo} then 1 else 0 end`;
  await db.updateTable('exempt_finding').set({ counted, judged: 1 }).where('instance_id', '=', instanceId).execute();
  await db.deleteFrom('exempt_finding').where('instance_id', '=', instanceId).where('until', '=', never).execute();
}

/** Null where it does not any more, or never would. */
export async function setTaintedAt(
  db: Db,
  instanceId: string,
  fingerprint: string,
  taintedAt: string | null,
): Promise<void> {
  await db
    .updateTable('exempt_finding')
    .set({ tainted_at: taintedAt })
    .where('instance_id', '=', instanceId)
    .where('fingerprint', '=', fingerprint)
    .execute();
}

export async function forgetExempt(db: Db, instanceId: string): Promise<void> {
  await db.deleteFrom('exempt_finding').where('instance_id', '=', instanceId).execute();
}

export interface ExemptedFinding {
  readonly fingerprint: string;
  readonly subject: string;
  readonly name: string;
  readonly change: Change;
  readonly severity: Severity;
  readonly exemption: string;
  readonly reason: string;
  readonly author: string;
  readonly until: string;
}

/** What is open on an instance and counts for nothing at this moment, and by whose word. */
export async function exemptedFindings(db: Db, instanceId: string, now: number): Promise<readonly ExemptedFinding[]> {
  const { after, upTo } = inForceAt(now);
  const rows = await db
    .selectFrom('exempt_finding')
    .innerJoin('finding', (join) =>
      join
        .onRef('finding.instance_id', '=', 'exempt_finding.instance_id')
        .onRef('finding.fingerprint', '=', 'exempt_finding.fingerprint'),
    )
    .innerJoin('drift', 'drift.fingerprint', 'finding.fingerprint')
    .innerJoin('exemption', 'exemption.name', 'exempt_finding.exemption')
    .select(['finding.fingerprint', 'subject', 'drift.name', 'change', 'severity'])
    .select(['exemption.name as exemption', 'spec', 'author', 'exempt_finding.until'])
    .where('exempt_finding.instance_id', '=', instanceId)
    .where('exempt_finding.until', '>', after)
    .where('exempt_finding.until', '<=', upTo)
    .where('finding.closed_at', 'is', null)
    .orderBy('drift.name')
    .orderBy('finding.fingerprint')
    .orderBy('exemption.name')
    .execute();
  return rows.map(({ spec, ...row }) => ({
    ...row,
    change: row.change as Change,
    severity: row.severity as Severity,
    reason: JSON.parse(spec).reason,
  }));
}
