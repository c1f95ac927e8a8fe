import type { Change, Difference, Finding } from '../../shared/finding.ts';
import { identityRule } from '../../shared/identity.ts';
import { outsideRule } from '../../shared/outside-look.ts';
import { relabelKindOf } from '../../shared/relabel.ts';
import type { Severity } from '../../shared/severity.ts';
import type { Db } from './database.ts';
import { boundDetails, detailsOf, detailsSeenAgain } from './finding-details.ts';

/** Rows of one statement: few enough for SQLite's limit of variables, and few different texts for the statement cache. */
const rowsMax = 100;

/** Severities of those of the given fingerprints that are open. */
export async function openAmong(
  db: Db,
  instanceId: string,
  fingerprints: readonly string[],
): Promise<ReadonlyMap<string, Severity>> {
  const open = new Map<string, Severity>();
  for (const chunk of chunksOf(fingerprints)) {
    const rows = await db
      .selectFrom('finding')
      .select(['fingerprint', 'severity'])
      .where('instance_id', '=', instanceId)
      .where('fingerprint', 'in', chunk)
      .where('closed_at', 'is', null)
      .execute();
    for (const row of rows) open.set(row.fingerprint, row.severity as Severity);
  }
  return open;
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
 * decorate what others have.
 */
export async function recordFindings(
  db: Db,
  instanceId: string,
  findings: readonly Finding[],
  { scanId, at, rules, worse, byRules }: Listing,
): Promise<void> {
  for (const chunk of chunksOf(findings)) {
    await db
      .insertInto('drift')
      .values(
        chunk.map((finding) => ({
          fingerprint: finding.fingerprint,
          subject: finding.subject,
          name: finding.name,
          change: finding.change,
          attributes: JSON.stringify(finding.attributes),
          expected: JSON.stringify(covered(finding, finding.expected)),
          actual: JSON.stringify(covered(finding, finding.actual)),
          first_seen_at: at,
        })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await db
      .insertInto('finding')
      .values(
        chunk.map((finding) => ({
          instance_id: instanceId,
          fingerprint: finding.fingerprint,
          severity: finding.severity,
          rule: finding.rule,
          first_seen_at: at,
          last_seen_at: at,
          closed_at: null,
          scan_id: scanId,
          relabel: relabelKindOf(finding) ?? null,
          ...detailsOf(finding),
          tainting_since: at,
          rules,
          by_rules: byRules.has(finding.fingerprint) ? rules : null,
          rest: JSON.stringify([uncovered(finding, finding.expected), uncovered(finding, finding.actual)]),
        })),
      )
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
        })),
      )
      .execute();
    await noteWorse(db, instanceId, chunk, { at, rules, worse, byRules });
  }
  await boundDetails(db, instanceId, findings);
}

/** What was known and is merely seen again keeps what was said of it when it opened. */
async function noteWorse(
  db: Db,
  instanceId: string,
  findings: readonly Finding[],
  { at, rules, worse, byRules }: Omit<Listing, 'scanId'>,
): Promise<void> {
  for (const finding of findings) {
    if (!worse.has(finding.fingerprint)) continue;
    await db
      .updateTable('finding')
      .set({
        tainting_since: at,
        by_rules: byRules.has(finding.fingerprint) ? rules : null,
        rest: JSON.stringify([uncovered(finding, finding.expected), uncovered(finding, finding.actual)]),
      })
      .where('instance_id', '=', instanceId)
      .where('fingerprint', '=', finding.fingerprint)
      .execute();
  }
}

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
export async function openMadeHere(db: Db, instanceId: string, rule: string): Promise<OpenFinding[]> {
  const rows = await openOnes(db, instanceId).where('finding.rule', '=', rule).execute();
  return rows as OpenFinding[];
}

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
export async function openUnlisted(db: Db, instanceId: string, scanId: string): Promise<OpenFinding[]> {
  const rows = await openOnes(db, instanceId)
    .where('finding.rule', 'not in', rulesMadeHere)
    .where('finding.scan_id', '!=', scanId)
    .execute();
  return rows as OpenFinding[];
}

export async function openListed(db: Db, instanceId: string, fingerprints: readonly string[]): Promise<OpenFinding[]> {
  const found: OpenFinding[] = [];
  for (const chunk of chunksOf(fingerprints)) {
    const rows = await openOnes(db, instanceId)
      .where('finding.rule', 'not in', rulesMadeHere)
      .where('finding.fingerprint', 'in', chunk)
      .execute();
    found.push(...(rows as OpenFinding[]));
  }
  return found;
}

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
  for (const chunk of chunksOf(fingerprints)) {
    await db
      .updateTable('finding')
      .set({ closed_at: at })
      .where('instance_id', '=', instanceId)
      .where('fingerprint', 'in', chunk)
      .execute();
  }
}

export async function openFindings(
  db: Db,
  instanceId: string,
): Promise<readonly { readonly fingerprint: string; readonly severity: Severity; readonly rule: string }[]> {
  const rows = await db
    .selectFrom('finding')
    .select(['fingerprint', 'severity', 'rule'])
    .where('instance_id', '=', instanceId)
    .where('closed_at', 'is', null)
    .execute();
  return rows as { fingerprint: string; severity: Severity; rule: string }[];
}

export async function countOpen(db: Db, instanceId: string): Promise<number> {
  const { n } = await db
    .selectFrom('finding')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('instance_id', '=', instanceId)
    .where('closed_at', 'is', null)
    .executeTakeFirstOrThrow();
  return n;
}

function* chunksOf<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += rowsMax) yield items.slice(at, at + rowsMax);
}

/** A difference with all its attributes, as the agent told it, and by which rules it was last listed. */
export interface TaintingFinding extends Difference {
  readonly severity: Severity;
  readonly rules: number;
  readonly isOpen: boolean;
}

/** What an instance's taint of this moment comes from: what opened or grew graver since, whether or not it has closed again. */
export async function taintingFindings(db: Db, instanceId: string, since: string): Promise<TaintingFinding[]> {
  const rows = await db
    .selectFrom('finding')
    .innerJoin('drift', 'drift.fingerprint', 'finding.fingerprint')
    .select(['subject', 'name', 'change', 'attributes', 'expected', 'actual'])
    .select(['finding.severity', 'finding.rules', 'finding.rest', 'finding.closed_at'])
    .where('finding.instance_id', '=', instanceId)
    .where('finding.tainting_since', '>=', since)
    .where('finding.rule', '!=', identityRule)
    .execute();
  return rows.map((row) => {
    const [expected, actual] = JSON.parse(row.rest);
    return {
      ...{ subject: row.subject, name: row.name, change: row.change as Change, attributes: JSON.parse(row.attributes) },
      expected: { ...expected, ...JSON.parse(row.expected) },
      actual: { ...actual, ...JSON.parse(row.actual) },
      severity: row.severity as Severity,
      rules: row.rules,
      isOpen: row.closed_at === null,
    };
  });
}
