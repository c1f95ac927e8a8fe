import { percentOf } from './budget.ts';
import { heldUntil } from './candidates.ts';
import { replacementOfKey } from './launch-key.ts';
import { shapesOf } from './shape.ts';
import type { GroupSnapshot, InstanceSnapshot } from './snapshot.ts';

const thresholdPercent = 30;
const thresholdMin = 3;
const [alikePercent, alikeMin, alikeMax] = [5, 3, 20] as const;

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
  const tainted = instances.filter((instance) => counts(instance, breakerResetAt, now)).length;
  const threshold = breakerThreshold(size);
  if (tainted < threshold) return undefined;
  return `${tainted} instances are tainted; the limit is ${threshold} for a group of ${size}`;
}

/** How many may drift in the same way within a week. DESIGN §5 rule 7. */
export function alikeThreshold(size: number): number {
  return Math.min(alikeMax, Math.max(alikeMin, percentOf(alikePercent, size)));
}

/**
 * The same for drift that comes back: what changes machines for hours taints few at any time, each replacement is clean at its
 * proof, and drifted tomorrow. So who was replaced counts for a week; and one that drifts as its predecessor did is enough.
 */
export function alikeCause(
  { instances, replaced, breakerResetAt }: GroupSnapshot,
  size: number,
  now: number,
): string | undefined {
  const recent = replaced.filter(({ at }) => at > breakerResetAt);
  const tainted = instances.filter((instance) => counts(instance, breakerResetAt, now));
  const before = new Map(recent.map(({ replacementId, shapes }) => [replacementId, shapes]));
  for (const { providerId, id, launchKey, drifts } of tainted) {
    const inherited = before.get(replacementOfKey(launchKey) ?? '') ?? [];
    const again = shapesOf(drifts).find((shape) => inherited.includes(shape));
    if (again !== undefined) return `${providerId ?? id} drifted as the one that it replaced: ${again}`;
  }
  const alike = new Map<string, Set<string>>();
  const note = (instanceId: string, shapes: readonly string[]) => {
    for (const shape of shapes) alike.set(shape, (alike.get(shape) ?? new Set()).add(instanceId));
  };
  for (const { instanceId, shapes } of recent) note(instanceId, shapes);
  for (const { id, drifts } of tainted) note(id, shapesOf(drifts));
  const threshold = alikeThreshold(size);
  let [shape, count] = ['', 0];
  for (const [each, { size: own }] of alike) if (own > count) [shape, count] = [each, own];
  if (count < threshold) return undefined;
  return `${count} instances drifted alike within a week, those that were replaced counted: ${shape}; the limit is ${threshold} for a group of ${size}`;
}

function counts({ taint, drifts }: InstanceSnapshot, breakerResetAt: number, now: number): boolean {
  return taint !== null && taint.since > breakerResetAt && heldUntil(drifts, now) === null;
}
