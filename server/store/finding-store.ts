import { sql } from 'kysely';
import type { Change, Finding } from '../../shared/finding.ts';
import { identityRule } from '../../shared/identity.ts';
import { outsideRule } from '../../shared/outside-look.ts';
import { relabelKindOf } from '../../shared/relabel.ts';
import type { Severity } from '../../shared/severity.ts';
import type { Db } from './database.ts';
import { exemptUntils } from './exempt-finding-store.ts';
import { boundDetails, detailsOf, detailsSeenAgain } from './finding-details.ts';
import { type Gaps, gapsOf, prepared } from './prepared.ts';
import type { DriftTable, FindingTable } from './scan-tables.ts';

/** Severities of those of the given fingerprints that are open. */
export async function openAmong(
  db: Db,
  instanceId: string,
  fingerprints: readonly string[],
): Promise<ReadonlyMap<string, Severity>> {
  const open = new Map<string, Severity>();
  for (const fingerprint of fingerprints) {
    const [row] = await openOne(db, { instanceId, fingerprint });
    if (row !== undefined) open.set(fingerprint, row.severity as Severity);
  }
  return open;
}

const openOne = prepared<Key>()((db, gap) =>
  db
    .selectFrom('finding')
    .select('severity')
    .where('instance_id', '=', gap('instanceId'))
    .where('fingerprint', '=', gap('fingerprint'))
    .where('closed_at', 'is', null),
);

interface Key {
  readonly instanceId: string;
  readonly fingerprint: string;
}

/** Where and by what findings were listed. */
export interface Listing {
  readonly scanId: string;
  readonly at: string;
  /** Sequence of the rules that found them. */
  readonly rules: number;
  /** Fingerprints of those that were not open before, or less grave. */
  readonly worse: ReadonlySet<string>;
  /** Fingerprints of those that are so only because of these rules. */
  readonly byRules: ReadonlySet<string>;
}

/**
 * Opens the findings, opens them again, or notes that they were seen again. What a drift is, is stored once for all
 * instances and by its fingerprint: only attributes that the fingerprint covers are kept, or one instance could
 * decorate what others have. What was known and is merely seen again keeps what was said of it when it opened.
 */
export async function recordFindings(
  db: Db,
  instanceId: string,
  findings: readonly Finding[],
  { scanId, at, rules, worse, byRules }: Listing,
): Promise<void> {
  for (const finding of findings) {
    const { fingerprint, subject, name, change, severity, rule } = finding;
    await insertDrift(db, {
      ...{ fingerprint, subject, name, change, first_seen_at: at },
      attributes: JSON.stringify(finding.attributes),
      expected: JSON.stringify(covered(finding, finding.expected)),
      actual: JSON.stringify(covered(finding, finding.actual)),
    });
    const record = worse.has(fingerprint) ? recordWorse : recordSeen;
    await record(db, {
      ...{ instance_id: instanceId, fingerprint, severity, rule, scan_id: scanId, rules, ...detailsOf(finding) },
      ...{ first_seen_at: at, last_seen_at: at, tainting_since: at },
      relabel: relabelKindOf(finding) ?? null,
      by_rules: byRules.has(fingerprint) ? rules : null,
      rest: JSON.stringify([uncovered(finding, finding.expected), uncovered(finding, finding.actual)]),
    });
  }
  await boundDetails(db, instanceId, findings);
}

const insertDrift = prepared<DriftTable>()((db, gap) =>
  db
    .insertInto('drift')
    .values(gapsOf(driftColumns, gap))
    .onConflict((conflict) => conflict.doNothing()),
);

type NewFinding = Omit<FindingTable, 'closed_at' | 'folded'>;

const recordSeen = prepared<NewFinding>()((db, gap) => record(db, gap, {}));
const recordWorse = prepared<NewFinding>()((db, gap) => record(db, gap, saidAnew));

const saidAnew = {
  tainting_since: sql<string>`excluded.tainting_since`,
  by_rules: sql<number | null>`excluded.by_rules`,
  rest: sql<string>`excluded.rest`,
};

function record(db: Db, gap: Gaps<NewFinding>, alsoSet: Partial<typeof saidAnew>) {
  return db
    .insertInto('finding')
    .values(gapsOf(findingColumns, gap))
    .onConflict((conflict) =>
      conflict.columns(['instance_id', 'fingerprint']).doUpdateSet((eb) => ({
        severity: eb.ref('excluded.severity'),
        rule: eb.ref('excluded.rule'),
        last_seen_at: eb.ref('excluded.last_seen_at'),
        closed_at: null,
        scan_id: eb.ref('excluded.scan_id'),
        relabel: eb.ref('excluded.relabel'),
        ...detailsSeenAgain,
        rules: eb.ref('excluded.rules'),
        ...alsoSet,
      })),
    );
}

const driftColumns = [
  ...(['fingerprint', 'subject', 'name', 'change', 'attributes', 'expected', 'actual', 'first_seen_at'] as const),
];
const findingColumns = [
  ...(['instance_id', 'fingerprint', 'severity', 'rule', 'first_seen_at', 'last_seen_at', 'scan_id'] as const),
  ...(['relabel', 'diff', 'actors', 'changes', 'tainting_since', 'rules', 'by_rules', 'rest'] as const),
];

function uncovered(finding: Finding, side: Finding['expected']): Finding['expected'] {
  return Object.fromEntries(Object.entries(side).filter(([attribute]) => !finding.attributes.includes(attribute)));
}

function covered(finding: Finding, side: Finding['expected']): Finding['expected'] {
  const own = finding.attributes.filter((attribute) => Object.hasOwn(side, attribute));
  return Object.fromEntries(own.map((attribute) => [attribute, side[attribute]!]));
}

export interface OpenFinding {
  readonly fingerprint: string;
  readonly subject: string;
  readonly name: string;
  readonly change: Change;
}

/** Rules of those that no agent lists or closes, since the server finds them (`fleet/identities.ts`, `fleet/untold.ts`). */
const rulesMadeHere = [identityRule, outsideRule];

export function isMadeHere({ rule }: { readonly rule: string }): boolean {
  return rulesMadeHere.includes(rule);
}

/** Those that the server finds by one of its own rules. */
export async function openMadeHere(db: Db, instanceId: string, rule: string): Promise<readonly OpenFinding[]> {
  return (await onesOfRule(db, { instanceId, rule })) as OpenFinding[];
}

const onesOfRule = prepared<{ instanceId: string; rule: string }>()((db, gap) =>
  openOnes(db, gap('instanceId')).where('finding.rule', '=', gap('rule')),
);

/** What its agent tells of, open or listed since. */
export async function toldSince(db: Db, instanceId: string, since: string): Promise<readonly ToldFinding[]> {
  const rows = await db
    .selectFrom('finding')
    .innerJoin('drift', 'drift.fingerprint', 'finding.fingerprint')
    .select(['drift.fingerprint', 'drift.subject', 'drift.name', 'finding.severity', 'finding.closed_at'])
    .where('finding.instance_id', '=', instanceId)
    .where('finding.rule', 'not in', rulesMadeHere)
    .where((eb) => eb.or([eb('finding.closed_at', 'is', null), eb('finding.last_seen_at', '>=', since)]))
    .execute();
  return rows.map(({ closed_at, ...row }) => ({
    ...row,
    severity: row.severity as Severity,
    isOpen: closed_at === null,
  }));
}

export interface ToldFinding {
  readonly fingerprint: string;
  readonly subject: string;
  readonly name: string;
  readonly severity: Severity;
  readonly isOpen: boolean;
}

/** Open ones of its agent that this scan has not listed. */
export async function openUnlisted(db: Db, instanceId: string, scanId: string): Promise<readonly OpenFinding[]> {
  return (await unlistedOnes(db, { instanceId, scanId })) as OpenFinding[];
}

const unlistedOnes = prepared<{ instanceId: string; scanId: string }>()((db, gap) =>
  openOnes(db, gap('instanceId'))
    .where('finding.rule', 'not in', rulesMadeHere)
    .where('finding.scan_id', '!=', gap('scanId')),
);

export async function openListed(db: Db, instanceId: string, fingerprints: readonly string[]): Promise<OpenFinding[]> {
  const found: OpenFinding[] = [];
  for (const fingerprint of fingerprints) {
    const [row] = await listedOne(db, { instanceId, fingerprint });
    if (row !== undefined) found.push(row as OpenFinding);
  }
  return found;
}

const listedOne = prepared<Key>()((db, gap) =>
  openOnes(db, gap('instanceId'))
    .where('finding.rule', 'not in', rulesMadeHere)
    .where('finding.fingerprint', '=', gap('fingerprint')),
);

function openOnes(db: Db, instanceId: string) {
  return db
    .selectFrom('finding')
    .innerJoin('drift', 'drift.fingerprint', 'finding.fingerprint')
    .select(['drift.fingerprint', 'drift.subject', 'drift.name', 'drift.change'])
    .where('finding.instance_id', '=', instanceId)
    .where('finding.closed_at', 'is', null);
}

export async function closeFindings(
  db: Db,
  instanceId: string,
  fingerprints: readonly string[],
  at: string,
): Promise<void> {
  for (const fingerprint of fingerprints) await closeOne(db, { instanceId, fingerprint, at });
}

const closeOne = prepared<Key & { readonly at: string }>()((db, gap) =>
  db
    .updateTable('finding')
    .set({ closed_at: gap('at') })
    .where('instance_id', '=', gap('instanceId'))
    .where('fingerprint', '=', gap('fingerprint')),
);

export interface JudgedFinding {
  readonly fingerprint: string;
  readonly severity: Severity;
  readonly rule: string;
  /** Until then it counts for nothing; null for what counts. */
  readonly exemptUntil: string | null;
}

export async function openFindings(db: Db, instanceId: string): Promise<readonly JudgedFinding[]> {
  const rows = (await openRows(db, { instanceId })) as readonly Omit<JudgedFinding, 'exemptUntil'>[];
  const untils = await exemptUntils(db, instanceId);
  return rows.map((row) => ({ ...row, exemptUntil: untils.get(row.fingerprint) ?? null }));
}

const openRows = prepared<{ instanceId: string }>()((db, gap) =>
  db
    .selectFrom('finding')
    .select(['fingerprint', 'severity', 'rule'])
    .where('instance_id', '=', gap('instanceId'))
    .where('closed_at', 'is', null),
);

export async function countOpen(db: Db, instanceId: string): Promise<number> {
  const [row] = await countOnes(db, { instanceId });
  return row?.n ?? 0;
}

const countOnes = prepared<{ instanceId: string }>()((db, gap) =>
  db
    .selectFrom('finding')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('instance_id', '=', gap('instanceId'))
    .where('closed_at', 'is', null),
);
