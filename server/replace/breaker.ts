import { percentOf } from './budget.ts';
import { heldUntil } from './candidates.ts';
import type { GroupSnapshot, InstanceSnapshot } from './snapshot.ts';

const thresholdPercent = 30;
const thresholdMin = 3;

/** DESIGN §5 rule 7. */
export function breakerThreshold(size: number): number {
  return Math.max(thresholdMin, percentOf(thresholdPercent, size) + 1);
}

/**
 * Why the group's breaker must open now; undefined when it need not. The likeliest reason for much drift at once is a bad
 * image, a bad rule or a tool that changes machines, and replacing helps against none of them. Taints that a person has
 * seen, because they reset the breaker after them, count no more: else a reset would be undone at once. Nor do those that
 * come from new rules alone count, while these trigger nothing: a breaker that they opened would stay open when the rules
 * are taken back. Once that hour is over they count like all others.
 */
export function tripCause({ instances, breakerResetAt }: GroupSnapshot, size: number, now: number): string | undefined {
  const tainted = instances.filter((instance) => countsForBreaker(instance, breakerResetAt, now)).length;
  const threshold = breakerThreshold(size);
  if (tainted < threshold) return undefined;
  return `${tainted} instances are tainted; the limit is ${threshold} for a group of ${size}`;
}

/** Whether a taint speaks for opening the breaker. */
export function countsForBreaker({ taint, drifts }: InstanceSnapshot, breakerResetAt: number, now: number): boolean {
  return taint !== null && taint.since > breakerResetAt && heldUntil(drifts, now) === null;
}
