import type { Severity } from '../../shared/severity.ts';
import { decideVerdict, type Verdict } from '../../shared/verdict.ts';
import type { StoredInstance } from '../store/instance-store.ts';

/** The instance with the verdict that its open findings, known holes and doubts give now. Expiry is decided when read. */
export function withVerdict(
  instance: StoredInstance,
  open: readonly { readonly severity: Severity }[],
  at: string,
): StoredInstance {
  const verdict = decideVerdict({
    severities: open.map(({ severity }) => severity),
    holes: (instance.coverage?.holes.length ?? 0) + instance.doubts.length,
    scanned: instance.scan !== null,
    expired: false,
  });
  return turned(instance, verdict, at);
}

export function turned(instance: StoredInstance, verdict: Verdict, at: string): StoredInstance {
  return verdict === instance.verdict ? instance : { ...instance, verdict, verdictAt: at };
}
