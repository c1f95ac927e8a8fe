import type { Change, Difference } from '../../shared/finding.ts';
import { identityRule } from '../../shared/identity.ts';
import type { Severity } from '../../shared/severity.ts';
import type { Db } from './database.ts';
import { isExempt } from './exempt-finding-store.ts';
import { prepared } from './prepared.ts';

/** A difference with all its attributes, as the agent told it, and by which rules it was last listed. */
export interface TaintingFinding extends Difference {
  readonly severity: Severity;
  readonly rules: number;
  readonly firstSeenAt: string;
  readonly isOpen: boolean;
}

/**
 * Whether one finding alone holds a taint at its severity, whatever any rules say of it: it is open, or these rules were
 * the last to list it.
 */
export async function holdsTaint(
  db: Db,
  instanceId: string,
  taint: { readonly severity: Severity; readonly since: string },
  rules: number,
): Promise<boolean> {
  return (await holders(db, { instanceId, ...taint, rules })).length > 0;
}

const holders = prepared<{ instanceId: string; severity: Severity; since: string; rules: number }>()((db, gap) =>
  db
    .selectFrom('finding')
    .select('fingerprint')
    .where('instance_id', '=', gap('instanceId'))
    .where('tainting_since', '>=', gap('since'))
    .where('severity', '=', gap('severity'))
    .where('rule', '!=', identityRule)
    .where(({ not }) => not(isExempt))
    .where((eb) => eb.or([eb('closed_at', 'is', null), eb('rules', '=', gap('rules'))]))
    .limit(1),
);

/**
 * What an instance's taint of this moment comes from: what opened or grew graver since, whether or not it has closed again, and
 * is not exempted.
 */
export async function taintingFindings(db: Db, instanceId: string, since: string): Promise<TaintingFinding[]> {
  const rows = await db
    .selectFrom('finding')
    .innerJoin('drift', 'drift.fingerprint', 'finding.fingerprint')
    .select(['subject', 'name', 'change', 'attributes', 'expected', 'actual'])
    .select(['finding.severity', 'finding.rules', 'finding.rest', 'finding.first_seen_at', 'finding.closed_at'])
    .where('finding.instance_id', '=', instanceId)
    .where('finding.tainting_since', '>=', since)
    .where('finding.rule', '!=', identityRule)
    .where(({ not }) => not(isExempt))
    .execute();
  return rows.map((row) => {
    const [expected, actual] = JSON.parse(row.rest);
    return {
      ...{ subject: row.subject, name: row.name, change: row.change as Change, attributes: JSON.parse(row.attributes) },
      expected: { ...expected, ...JSON.parse(row.expected) },
      actual: { ...actual, ...JSON.parse(row.actual) },
      severity: row.severity as Severity,
      rules: row.rules,
      firstSeenAt: row.first_seen_at,
      isOpen: row.closed_at === null,
    };
  });
}
