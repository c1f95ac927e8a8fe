import { differentActors } from '../../shared/actor.ts';
import { type Hole, hiderOf } from '../../shared/coverage.ts';
import { changesMax, type Finding } from '../../shared/finding.ts';
import { isLiveSubject } from '../../shared/live.ts';
import type { OpenState } from '../open-state.ts';
import type { Scan } from '../scan.ts';
import { boundHoles } from './bound-holes.ts';
import { type FindingLimits, placeFindings } from './place-findings.ts';

export interface Applied {
  readonly state: OpenState;
  /** Those that were not open, and those of which it was not known who did it. */
  readonly opened: readonly Finding[];
  /** Fingerprints. */
  readonly cleared: readonly string[];
}

export interface StateLimits extends FindingLimits {
  /** Findings with the text of a diff. Past it a finding is told without, and says that there are too many. */
  readonly openDiffsMax: number;
  /** Of all who did something, as JSON. Past it a finding is told without. */
  readonly openActorsBytesMax: number;
  /** Holes kept. Above it, and above `holesBytesMax`, the deepest are folded into a hole at their parent. */
  readonly holesMax: number;
  readonly holesBytesMax: number;
}

export const stateLimits: StateLimits = {
  openFindingsMax: 100_000,
  openBytesMax: 64 * 1_048_576,
  openDiffsMax: 128,
  openActorsBytesMax: 4 * 1_048_576,
  holesMax: 2_000,
  holesBytesMax: 262_144,
};

/**
 * The one rule of what a scan changes: a finding closes only when it was looked at again and is gone. What was not
 * looked at, or is hidden by a hole, stands.
 */
export function applyScan(state: OpenState, scan: Scan, limits: StateLimits = stateLimits): Applied {
  const isLookedAt = reachOf(scan);
  // A hole that was not looked at again stands too.
  const kept = state.holes.filter(({ subject, name }) => !isLookedAt(subject, name));
  const holes = [...kept, ...scan.coverage.holes];
  return (
    applyWithHoles(state, scan, boundHoles(holes, limits), limits) ??
    applyWithHoles(state, scan, boundHoles([...holes, tooMany], limits), limits)!
  );
}

export const tooMany: Hole = { subject: 'file', name: '/', reason: 'too-many' };

/** Undefined when the findings are too many and no hole says so yet. */
function applyWithHoles(
  state: OpenState,
  scan: Scan,
  holes: readonly Hole[],
  limits: StateLimits,
): Applied | undefined {
  const isLookedAt = reachOf(scan);
  const isHidden = hiderOf(holes);
  const found = new Map(scan.findings.map((finding) => [finding.fingerprint, finding]));
  const [diffs, actors] = [boundDiffs(limits.openDiffsMax), boundActors(limits.openActorsBytesMax)];
  const bounded = (finding: Finding) => actors(diffs(finding));
  // A check leaves almost everything as it was, however much that is.
  const open = new Map(state.open);
  const cleared: string[] = [];
  for (const [fingerprint, finding] of state.open) {
    const { subject, name } = finding;
    const again = found.get(fingerprint);
    if (again === undefined && isLookedAt(subject, name) && !isHidden(subject, name)) {
      open.delete(fingerprint);
      cleared.push(fingerprint);
      continue;
    }
    // As it is judged now: newer rules may give the same finding another severity.
    const now = bounded(judgedNow(finding, again));
    if (now !== finding) open.set(fingerprint, now);
  }

  const fresh = [...found.values()].filter(({ fingerprint }) => !open.has(fingerprint)).map(bounded);
  const { placed, isCut } = placeFindings(open.values(), fresh, limits);
  // A hole over everything says it too, whatever its reason.
  if (isCut && !isHidden('file', '/')) return undefined;
  for (const finding of placed) open.set(finding.fingerprint, finding);
  const firstSeenAt = new Map(state.firstSeenAt);
  for (const fingerprint of cleared) firstSeenAt.delete(fingerprint);
  for (const { fingerprint } of placed) firstSeenAt.set(fingerprint, scan.finishedAt);
  const named = [...found.keys()].flatMap((fingerprint) => {
    const known = state.open.get(fingerprint);
    const now = open.get(fingerprint);
    return known !== undefined && known.actors === undefined && now?.actors !== undefined ? [now] : [];
  });
  return { state: { open, firstSeenAt, holes }, opened: [...placed, ...named], cleared };
}

/** Of one and the same difference: the first look may have come while the file was being written. */
function judgedNow(known: Finding, found: Finding | undefined): Finding {
  if (found === undefined || isNothingNew(known, found)) return known;
  const diff = known.diff !== undefined && hasText(known) ? known.diff : found.diff;
  const actors = differentActors([...(known.actors ?? []), ...(found.actors ?? [])]);
  const changes = Math.min(changesMax, (known.changes ?? 0) + (found.changes ?? 0));
  return {
    ...found,
    ...(diff !== undefined && { diff }),
    ...(actors.length > 0 && { actors }),
    ...(changes > 0 && { changes }),
  };
}

/**
 * Of equal fingerprints; a sweep shares with what is known all that is the same (`report-lines.ts`). What stays the same
 * object is neither in memory twice nor written again.
 */
function isNothingNew(known: Finding, found: Finding): boolean {
  if (found === known) return true;
  const { severity, rule, expected, actual, diff, actors, changes } = found;
  const addsNothing = diff === undefined && actors === undefined && changes === undefined;
  const isSame = severity === known.severity && rule === known.rule;
  const isShared = expected === known.expected && actual === known.actual;
  return addsNothing && isSame && isShared && (known.diff === undefined || hasText(known));
}

/** Of so many findings one after another, the text of the diff stays. */
function boundDiffs(diffsMax: number): (finding: Finding) => Finding {
  let diffs = 0;
  return (finding) =>
    hasText(finding) && ++diffs > diffsMax ? { ...finding, diff: { withheld: 'too-many' } } : finding;
}

/** Of so many findings one after another, who did it stays. */
function boundActors(bytesMax: number): (finding: Finding) => Finding {
  let bytes = 0;
  return (finding) => {
    if (finding.actors === undefined) return finding;
    bytes += Buffer.byteLength(JSON.stringify(finding.actors));
    if (bytes <= bytesMax) return finding;
    const { actors: _, ...rest } = finding;
    return rest;
  };
}

function hasText({ diff }: Finding): boolean {
  return diff !== undefined && 'text' in diff;
}

/** Whether the server has something to learn from this scan, beside that it took place. */
export function changesAnything(before: OpenState, applied: Applied): boolean {
  return (
    applied.opened.length > 0 ||
    applied.cleared.length > 0 ||
    JSON.stringify(before.holes) !== JSON.stringify(applied.state.holes)
  );
}

/** What a scan looked at. The reach of a scope is that of a hole, so that what a check closes and what a hole protects cannot differ. */
function reachOf(scan: Scan): (subject: string, name: string) => boolean {
  // A sweep that is not of the machine itself did not look at what runs there.
  if (scan.kind === 'sweep') return (subject) => scan.coverage.live || !isLiveSubject(subject);
  return hiderOf(scan.looked.map((scope) => ({ ...scope, reason: 'unreadable' })));
}
