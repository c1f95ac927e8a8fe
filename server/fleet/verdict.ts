import { type Severity, severityAtLeast } from '../../shared/severity.ts';
import { decideVerdict, type Verdict } from '../../shared/verdict.ts';
import type { StoredInstance } from '../store/instance-store.ts';

interface Open {
  readonly severity: Severity;
  readonly exemptUntil: string | null;
}

/**
 * The instance with the verdict that its open findings, known holes and doubts give now. What is exempted counts for nothing, and the
 * verdict holds no longer than that: expiry, of evidence too, is decided when read.
 */
export function withVerdict(instance: StoredInstance, open: readonly Open[], at: string): StoredInstance {
  const verdict = decideVerdict({
    severities: open.filter(({ exemptUntil }) => exemptUntil === null).map(({ severity }) => severity),
    holes: (instance.coverage?.holes.length ?? 0) + instance.doubts.length,
    scanned: instance.scan !== null,
    expired: false,
  });
  return turned({ ...instance, exemptUntil: exemptUntilOf(open) }, verdict, at);
}

function exemptUntilOf(open: readonly Open[]): string | null {
  const untils = open
    .filter(({ severity }) => severityAtLeast(severity, 'low'))
    .map(({ exemptUntil }) => exemptUntil)
    .filter((until) => until !== null);
  return untils.toSorted()[0] ?? null;
}

export function turned(instance: StoredInstance, verdict: Verdict, at: string): StoredInstance {
  return verdict === instance.verdict ? instance : { ...instance, verdict, verdictAt: at };
}
