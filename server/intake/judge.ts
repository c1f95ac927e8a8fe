import { type Coverage, emptyCoverage } from '../../shared/coverage.ts';
import { highestSeverity, type Severity, severityAtLeast } from '../../shared/severity.ts';
import { isOurs } from '../fleet/server-holes.ts';
import { turned } from '../fleet/verdict.ts';
import type { StoredInstance, StoredTaint } from '../store/instance-store.ts';
import type { TaintingFinding } from '../store/tainting-findings.ts';
import { type Judging, rejudged } from './rejudge.ts';

interface Severe {
  readonly severity: Severity;
}

/** While a sweep's parts arrive nothing closes, so they can make an instance drifted and never better. */
export function withVerdictSoFar(instance: StoredInstance, listed: readonly Severe[], at: string): StoredInstance {
  return listed.some(drifts) ? turned(instance, 'drifted', at) : instance;
}

/** Those that were not open before, or less severe. Only they taint: a finding that is merely seen again undoes no pardon. */
export function worsened<F extends Severe & { readonly fingerprint: string }>(
  listed: readonly F[],
  known: ReadonlyMap<string, Severity>,
): readonly F[] {
  return listed.filter(({ fingerprint, severity }) => {
    const before = known.get(fingerprint);
    return before === undefined || !severityAtLeast(before, severity);
  });
}

/** Taint only rises: that a finding closed again lifts nothing, a pardon does. */
export function taintAfter(taint: StoredTaint | null, worse: readonly Severe[], at: string): StoredTaint | null {
  const counted = worse.filter(drifts);
  if (counted.length === 0) return taint;
  const severity = counted.map((finding) => finding.severity).reduce(highestSeverity, taint?.severity ?? 'low');
  return severity === taint?.severity ? taint : { severity, since: taint?.since ?? at };
}

/**
 * The taint that is left once the rules in force have judged what it comes from: the highest severity of what they do not
 * accept. It never rises here. Nothing is accepted on the agent's word: it must be gone, other rules must have been the
 * last to list it (what these have found themselves was reverted, which lifts nothing), and the rules as this end has them
 * must find nothing in it. What this end cannot judge leaves the taint as it is. Pure.
 */
export function taintLeft(
  taint: StoredTaint,
  tainting: readonly TaintingFinding[],
  { sequence, judging }: { readonly sequence: number; readonly judging: Judging },
): StoredTaint | null {
  if (tainting.length === 0) return taint;
  const left = tainting.map((finding): Severity => {
    const now = rejudged(finding, judging);
    if (now === undefined) return taint.severity;
    const isNothing = now === null || now === 'info';
    if (isNothing && !finding.isOpen && finding.rules !== sequence) return 'info';
    return highestSeverity(finding.severity, now ?? 'info');
  });
  const severity = left.reduce(highestSeverity);
  if (!drifts({ severity })) return null;
  return severityAtLeast(severity, taint.severity) ? taint : { ...taint, severity };
}

/**
 * The holes of a check in place of those known before, and the components that it compared with; what the server itself
 * has set stays, and so does the rest of what the last sweep covered.
 */
export function withChecked(instance: StoredInstance, checked: Pick<Coverage, 'holes' | 'components'>): StoredInstance {
  const { components: _before, ...coverage } = instance.coverage ?? emptyCoverage;
  const components = checked.components && { components: checked.components };
  const holes = [...checked.holes, ...coverage.holes.filter(isOurs)];
  return { ...instance, coverage: { ...coverage, ...components, holes } };
}

function drifts({ severity }: Severe): boolean {
  return severityAtLeast(severity, 'low');
}
