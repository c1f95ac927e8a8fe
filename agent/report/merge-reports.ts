import { type Hole, hiderOf } from '../../shared/coverage.ts';
import { subjectKey } from '../../shared/entry.ts';
import type { Finding } from '../../shared/finding.ts';
import type { HistoryGap } from '../../shared/protocol.ts';
import { severityAtLeast } from '../../shared/severity.ts';
import type { OpenState } from '../open-state.ts';
import type { Check } from '../scan.ts';
import { sumOfGaps } from './gap-ledger.ts';
import { type Baseline, buildReports, type ReportDraft } from './report-builder.ts';

/** One scan as its reports tell it, and what these do not say. */
export interface Untold {
  readonly drafts: readonly ReportDraft[];
  /** Of those opened, the fingerprints that were open before. */
  readonly again: ReadonlySet<string>;
  readonly cleared: readonly Finding[];
}

export interface Merged {
  /** Of the last sweep among them, and of all else in one. */
  readonly untold: readonly Untold[];
  readonly state: OpenState;
}

/** With what the reports that are made stand for more than these scans. */
interface Telling {
  readonly baseline: Baseline;
  readonly trouble: string | null;
  newScanId(): string;
}

/**
 * What scans say together that follow each other, by one set of rules, and of which the server has heard nothing: the last
 * sweep as it was, and then the differences of all others by subject. What was opened and closed meanwhile is told of once a
 * subject, the gravest of it, opened and then closed, since an instance stays tainted by it; what was less grave than
 * another of its subject is counted, and is all that is lost. So it is as large as the subjects are many, whatever happens
 * to them. What a hole of now hides closes for nobody: in the state it stands again. Pure.
 */
export function mergeReports(scans: readonly Untold[], state: OpenState, telling: Telling): Merged {
  const sweep = scans.findLast(({ drafts }) => drafts[0]!.full);
  const checks = scans.filter((scan) => scan !== sweep);
  const atFirst = knownAtFirst(scans);
  const known = sweep === undefined ? atFirst : fingerprintsOf(openedIn([sweep]));
  const isHidden = hidingOf(state.holes);
  const wasHidden = hidingOf(sweep === undefined ? [] : lastOf([sweep]).coverage.holes);

  const isAway = ({ fingerprint }: Finding) => !state.open.has(fingerprint);
  const mentioned = [...byFingerprint(openedIn(scans)).values()];
  const gone = gravestOf(
    mentioned.filter((one) => isAway(one) && !known.has(one.fingerprint) && !atFirst.has(one.fingerprint)),
    [...state.open.values()],
  );
  // A sweep closes what it does not list, but for what a hole hid from it.
  const cleared = [...byFingerprint(clearedIn(scans)).values()].filter(
    (one) => isAway(one) && (known.has(one.fingerprint) || (atFirst.has(one.fingerprint) && wasHidden(one))),
  );
  // What came before the sweep and is open still, it lists.
  const since = sweep === undefined ? scans : scans.slice(scans.indexOf(sweep) + 1);
  const found = openedIn(since).flatMap(({ fingerprint }) => state.open.get(fingerprint) ?? []);
  const opened = [...byFingerprint([...found, ...gone]).values()];

  const after = standing(state, [...cleared, ...gone].filter(isHidden), lastOf(scans).finishedAt);
  const away = cleared.filter((one) => !isHidden(one));
  const goneAway = gone.filter((one) => !isHidden(one));
  const between = { ...after, open: withFindings(after.open, goneAway) };
  const fresh = new Set(opened.map(({ fingerprint }) => fingerprint).filter((one) => !known.has(one)));
  const before = { ...after, open: withoutThese(withFindings(after.open, away), fresh) };

  const scan = checkOf(checks.length > 0 ? checks : scans);
  const build = (from: OpenState, to: OpenState, opens: readonly Finding[], clears: readonly Finding[]) => {
    const changes = { opened: opens, cleared: clears.map(({ fingerprint }) => fingerprint) };
    return buildReports(telling.newScanId, scan, from, { state: to, ...changes }, telling.baseline);
  };
  const drafts = [
    ...build(before, between, opened, away),
    ...(goneAway.length > 0 ? build(between, after, [], goneAway) : []),
  ];
  const told = new Set([...known, ...atFirst, ...between.open.keys()]);
  const lost = mentioned.filter(({ fingerprint }) => !told.has(fingerprint)).length;
  const merged: Untold = {
    drafts: withGaps(drafts, gapsOf(checks, lost), telling.trouble),
    again: new Set(opened.map(({ fingerprint }) => fingerprint).filter((one) => known.has(one))),
    cleared: [...away, ...goneAway],
  };
  if (sweep === undefined) return { untold: [merged], state: after };
  // It comes first now, so that it is what the server hears of those that it knew.
  const closed = [...byFingerprint(clearedIn(scans)).values()].filter(
    ({ fingerprint }) => atFirst.has(fingerprint) && !known.has(fingerprint),
  );
  const listedAgain = new Set([...known].filter((fingerprint) => atFirst.has(fingerprint)));
  return { untold: [{ drafts: sweep.drafts, again: listedAgain, cleared: closed }, merged], state: after };
}

/** Fingerprints that were told before: those first heard of by being open already, or by being closed. */
function knownAtFirst(scans: readonly Untold[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const known = new Set<string>();
  for (const scan of scans) {
    for (const fingerprint of fingerprintsOf(openedIn([scan]))) {
      if (!seen.has(fingerprint) && scan.again.has(fingerprint)) known.add(fingerprint);
      seen.add(fingerprint);
    }
    for (const { fingerprint } of scan.cleared) {
      if (!seen.has(fingerprint)) known.add(fingerprint);
      seen.add(fingerprint);
    }
  }
  return known;
}

/** What they stand for: each for itself, or for those that it was merged from before. */
function gapsOf(checks: readonly Untold[], lost: number): readonly HistoryGap[] {
  const gaps = checks.flatMap(({ drafts }): readonly HistoryGap[] => {
    const told = drafts.flatMap(({ spool }) => spool?.gaps ?? []);
    const isMerged = told.some(({ reason }) => reason === 'merged');
    const itself = { reason: 'merged', reports: 1, findings: 0, since: firstOf([{ drafts }]).startedAt } as const;
    return isMerged ? told : [...told, itself];
  });
  if (lost === 0) return sumOfGaps(gaps);
  const { startedAt: since } = firstOf(checks);
  return sumOfGaps([...gaps, { reason: 'merged', reports: 0, findings: lost, since }]);
}

/** Each scan has at least one report. */
function firstOf(scans: readonly Pick<Untold, 'drafts'>[]): ReportDraft {
  return scans[0]!.drafts[0]!;
}

function lastOf(scans: readonly Pick<Untold, 'drafts'>[]): ReportDraft {
  return scans.at(-1)!.drafts.at(-1)!;
}

function withGaps(
  drafts: readonly ReportDraft[],
  gaps: readonly HistoryGap[],
  trouble: string | null,
): readonly ReportDraft[] {
  return drafts.map((draft, index) =>
    index < drafts.length - 1 || gaps.length === 0 ? draft : { ...draft, spool: { trouble, gaps: [...gaps] } },
  );
}

function openedIn(scans: readonly Untold[]): readonly Finding[] {
  return scans.flatMap(({ drafts }) => drafts.flatMap(({ opened }) => opened));
}

function clearedIn(scans: readonly Untold[]): readonly Finding[] {
  return scans.flatMap(({ cleared }) => cleared);
}

/** As last told. */
function byFingerprint(findings: readonly Finding[]): ReadonlyMap<string, Finding> {
  return withFindings(new Map(), findings);
}

function fingerprintsOf(findings: readonly Finding[]): ReadonlySet<string> {
  return new Set(findings.map(({ fingerprint }) => fingerprint));
}

function hidingOf(holes: readonly Hole[]): (finding: Finding) => boolean {
  const isHidden = hiderOf(holes);
  return ({ subject, name }) => isHidden(subject, name);
}

/** Of each subject one, the latest of the gravest, and none where what is open now is as grave. */
function gravestOf(gone: readonly Finding[], open: readonly Finding[]): readonly Finding[] {
  const gravest = new Map<string, Finding>();
  for (const finding of gone) {
    const other = gravest.get(subjectKey(finding));
    if (other === undefined || severityAtLeast(finding.severity, other.severity))
      gravest.set(subjectKey(finding), finding);
  }
  for (const finding of open) {
    const other = gravest.get(subjectKey(finding));
    if (other !== undefined && severityAtLeast(finding.severity, other.severity)) gravest.delete(subjectKey(finding));
  }
  return [...gravest.values()];
}

function standing(state: OpenState, findings: readonly Finding[], at: string): OpenState {
  if (findings.length === 0) return state;
  const firstSeenAt = new Map(state.firstSeenAt);
  for (const { fingerprint } of findings) firstSeenAt.set(fingerprint, at);
  return { ...state, open: withFindings(state.open, findings), firstSeenAt };
}

function withoutThese(
  open: ReadonlyMap<string, Finding>,
  fingerprints: ReadonlySet<string>,
): ReadonlyMap<string, Finding> {
  return new Map([...open].filter(([fingerprint]) => !fingerprints.has(fingerprint)));
}

function withFindings(open: ReadonlyMap<string, Finding>, findings: readonly Finding[]): ReadonlyMap<string, Finding> {
  const all = new Map(open);
  for (const finding of findings) all.set(finding.fingerprint, finding);
  return all;
}

/** What they looked at, as one: from the first to the last, with the holes of now. */
function checkOf(scans: readonly Untold[]): Check {
  const { coverage, finishedAt } = lastOf(scans);
  const { startedAt } = firstOf(scans);
  return { kind: 'check', startedAt, finishedAt, looked: [], findings: [], coverage };
}
