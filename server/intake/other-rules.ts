import type { StoredInstance } from '../store/instance-store.ts';
import type { RulesHead } from '../store/rules-store.ts';

/** An agent that was offered newer rules sweeps by them at once; what was on its way meanwhile is taken for so long. */
export const rulesGraceMs = 15 * 60_000;

/**
 * The instance after a report that was judged by these rules. By which it must be is this end's to say, or an agent could
 * choose what counts: others than those in force are a hole over everything, until a sweep by these. Where the image is
 * not known, nothing is.
 */
export function withRulesOf(
  heads: readonly RulesHead[],
  instance: StoredInstance,
  { sequence, at }: { readonly sequence: number; readonly at: string },
): StoredInstance {
  const { coverage } = instance;
  if (coverage === null || areInForce(heads, sequence, at)) return instance;
  const hole = { subject: 'manifest', name: `rules ${sequence}`, reason: 'other-rules' } as const;
  const others = coverage.holes.filter(({ reason }) => reason !== hole.reason);
  return { ...instance, coverage: { ...coverage, holes: [...others, hole] } };
}

function areInForce([latest, previous]: readonly RulesHead[], sequence: number, at: string): boolean {
  if (latest === undefined || latest.sequence === sequence) return true;
  const isNew = latest.activatedAt !== null && Date.parse(at) < Date.parse(latest.activatedAt) + rulesGraceMs;
  return isNew && previous?.sequence === sequence;
}
