import { type Hole, hiderOf } from '../../shared/coverage.ts';
import type { Finding } from '../../shared/finding.ts';
import { isLiveSubject } from '../../shared/live.ts';
import type { Silence } from '../../shared/outside-look.ts';
import { gravestFirst, severityAtLeast } from '../../shared/severity.ts';
import type { ToldFinding } from '../store/finding-store.ts';

/** What the agent has told. */
export interface Claims {
  /** Open, or listed since the look was asked for. */
  readonly told: readonly ToldFinding[];
  readonly holes: readonly Hole[];
  /** Filesystems that it entered beneath the root: what is on them is on another disk. */
  readonly mounts: readonly string[];
}

/** Seen from outside, and not told. */
export interface Untold {
  readonly finding: Finding;
  readonly silence: Exclude<Silence, 'unanswered'>;
}

export interface Comparison {
  /** The gravest first. */
  readonly untold: readonly Untold[];
  /** Seen where the agent has told that it cannot look, or looks at another disk. */
  readonly leftOut: number;
  /** Told and open, and not seen. */
  readonly unseen: number;
}

/** What stands between an agent and the disk. Other holes are mishaps: a file that would not hold still, a read that failed. */
const blinds: readonly Hole['reason'][] = ['covered-by-mount', 'private-namespace'];

/** What was seen beside what was told. That something differs now is no lie yet: see `standing`. Pure. */
export function compareWithClaims(seen: readonly Finding[], claims: Claims): Comparison {
  const told = Map.groupBy(claims.told, keyOf);
  const isHidden = hiderOf(claims.holes);
  const isBlinded = hiderOf(claims.holes.filter(({ reason }) => blinds.includes(reason)));
  const isElsewhere = hiderOf(
    claims.mounts.filter((name) => name !== '/').map((name) => ({ subject: 'file', name, reason: 'unreadable' })),
  );
  const untold: Untold[] = [];
  let leftOut = 0;
  for (const finding of seen.filter(counts).toSorted(gravestFirst)) {
    const { subject, name, severity } = finding;
    const same = told.get(keyOf(finding)) ?? [];
    if (same.some((one) => severityAtLeast(one.severity, severity))) continue;
    // Something may lie beneath a mount point since before the mount; what was baked there and is not so any more is covered up.
    const isUnder = isElsewhere(subject, name);
    if (isBlinded(subject, name) || (isUnder && finding.change !== 'added'))
      untold.push({ finding, silence: 'covered' });
    else if (isHidden(subject, name) || isUnder) leftOut += 1;
    else untold.push({ finding, silence: same.length > 0 ? 'belittled' : 'untold' });
  }
  const seenKeys = new Set(seen.map(keyOf));
  const unseen = claims.told.filter(
    (one) => one.isOpen && one.severity !== 'info' && !isLiveSubject(one.subject) && !seenKeys.has(keyOf(one)),
  ).length;
  return { untold, leftOut, unseen };
}

/** `info` neither drifts nor taints, so that nobody need tell of it. */
function counts({ severity }: Finding): boolean {
  return severity !== 'info';
}

/** An untold difference with the mark of what carries it, undefined where it has none. */
export interface Marked extends Untold {
  readonly mark: string | undefined;
}

/**
 * Of what is untold now, what nothing but a lie or blindness explains: it was untold at the look before, on a disk that has
 * held still there since, and the agent has had its say in between (`README.md`). Pure.
 */
export function standing(before: readonly Marked[], now: readonly Marked[]): readonly Marked[] {
  const marks = new Map(before.map(({ finding, mark }) => [finding.fingerprint, mark]));
  return now.filter(({ finding, mark }) => mark !== undefined && marks.get(finding.fingerprint) === mark);
}

function keyOf({ subject, name }: { readonly subject: string; readonly name: string }): string {
  return `${subject}\0${name}`;
}
