import { countsForBreaker } from './breaker.ts';
import { percentOf } from './budget.ts';
import { replacementOfKey } from './launch-key.ts';
import { once } from './once.ts';
import { shapesOf } from './shape.ts';
import type { GroupSnapshot, InstanceSnapshot, ReplacedDrift } from './snapshot.ts';

/** Why the breaker of the group must open now, for drift that is alike; undefined when it need not. */
export type AlikeBook = (group: GroupSnapshot, size: number, now: number) => string | undefined;

/** Who was replaced within a week for drift of a shape: instances, and how often each. */
type Alike = ReadonlyMap<string, number>;

const [alikePercent, alikeMin, alikeMax] = [5, 3, 20] as const;

/** How many may drift in the same way within a week. DESIGN §5 rule 7. */
export function alikeThreshold(size: number): number {
  return Math.min(alikeMax, Math.max(alikeMin, percentOf(alikePercent, size)));
}

/**
 * `tripCause` for drift that comes back: what changes machines for hours taints few at any time, each replacement is clean at its
 * proof, and drifted tomorrow. So who was replaced counts for a week; and one that drifts as its predecessor did is enough.
 * Where one book is asked again and again, as by a backtest, who was replaced is counted when it changes, not each time.
 */
export function openAlikeBook(): AlikeBook {
  const pages = new Map<string, Page>();
  const shapesFor = once(shapesOf);
  return ({ group, instances, replaced, breakerResetAt }, size, now) => {
    const page = pages.get(group.name) ?? openPage();
    pages.set(group.name, page);
    page.turnTo(replaced, breakerResetAt);
    const tainted = instances.filter((instance) => countsForBreaker(instance, breakerResetAt, now));
    return againCause(page, tainted, shapesFor) ?? manyCause(page, tainted, shapesFor, size);
  };
}

type ShapesFor = typeof shapesOf;

function againCause(page: Page, tainted: readonly InstanceSnapshot[], shapesFor: ShapesFor): string | undefined {
  for (const { providerId, id, launchKey, drifts } of tainted) {
    const inherited = page.shapesReplacedBy(replacementOfKey(launchKey) ?? '');
    const again = inherited && shapesFor(drifts).find((shape) => inherited.includes(shape));
    if (again !== undefined) return `${providerId ?? id} drifted as the one that it replaced: ${again}`;
  }
  return undefined;
}

function manyCause(page: Page, tainted: readonly InstanceSnapshot[], shapesFor: ShapesFor, size: number) {
  const counts = new Map<string, number>();
  for (const [shape, replaced] of page.many()) counts.set(shape, replaced.size);
  for (const { id, drifts } of tainted) {
    for (const shape of shapesFor(drifts)) {
      const replaced = page.replacedFor(shape);
      const count = counts.get(shape) ?? replaced?.size ?? 0;
      counts.set(shape, replaced?.has(id) ? count : count + 1);
    }
  }
  const threshold = alikeThreshold(size);
  let [most, count] = ['', 0];
  for (const [shape, own] of counts) if (own > count || (own === count && shape < most)) [most, count] = [shape, own];
  if (count < threshold) return undefined;
  return `${count} instances drifted alike within a week, those that were replaced counted: ${most}; the limit is ${threshold} for a group of ${size}`;
}

/** Of one group. */
interface Page {
  /** Counts these, but for what a person has seen. */
  turnTo(replaced: readonly ReplacedDrift[], breakerResetAt: number): void;
  shapesReplacedBy(replacementId: string): readonly string[] | undefined;
  replacedFor(shape: string): Alike | undefined;
  /** Those shapes that so many were replaced for that it may be enough by itself: fewer matter only with who has drifted now. */
  many(): Iterable<readonly [string, Alike]>;
}

function openPage(): Page {
  let [of, resetAt]: [readonly ReplacedDrift[], number] = [[], 0];
  let counted: readonly ReplacedDrift[] = [];
  const byReplacement = new Map<string, readonly string[]>();
  const byShape = new Map<string, Map<string, number>>();
  const many = new Map<string, Map<string, number>>();

  return {
    turnTo(replaced, breakerResetAt) {
      if (replaced === of && breakerResetAt === resetAt) return;
      [of, resetAt] = [replaced, breakerResetAt];
      const recent = replaced.filter(({ at }) => at > breakerResetAt);
      // The oldest go, and new ones come after the others. Whatever else has changed, all is counted anew.
      const gone = recent.length === 0 ? -1 : counted.indexOf(recent[0]!);
      const kept = gone < 0 ? [] : counted.slice(gone);
      const stays = kept.every((one, n) => one === recent[n]) ? kept.length : 0;
      for (const one of counted.slice(0, counted.length - stays)) forget(one);
      for (const one of recent.slice(stays)) note(one);
      counted = recent;
    },
    shapesReplacedBy: (replacementId) => byReplacement.get(replacementId),
    replacedFor: (shape) => byShape.get(shape),
    many: () => many,
  };

  function note({ replacementId, instanceId, shapes }: ReplacedDrift): void {
    byReplacement.set(replacementId, shapes);
    for (const shape of shapes) {
      const alike = byShape.get(shape) ?? new Map<string, number>();
      byShape.set(shape, alike.set(instanceId, (alike.get(instanceId) ?? 0) + 1));
      if (alike.size >= alikeMin) many.set(shape, alike);
    }
  }

  function forget({ replacementId, instanceId, shapes }: ReplacedDrift): void {
    byReplacement.delete(replacementId);
    for (const shape of shapes) {
      const alike = byShape.get(shape)!;
      const times = alike.get(instanceId)! - 1;
      if (times > 0) alike.set(instanceId, times);
      else alike.delete(instanceId);
      if (alike.size < alikeMin) many.delete(shape);
      if (alike.size === 0) byShape.delete(shape);
    }
  }
}
