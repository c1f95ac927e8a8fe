import type { Hole } from '../../shared/coverage.ts';

/**
 * Distinct holes in a stable order, as many as the bounds allow. Past a bound the deepest are folded into a hole at their
 * parent, which hides more and never less; a subject other than files has one hole already.
 */
export function boundHoles(
  holes: readonly Hole[],
  limits: { readonly holesMax: number; readonly holesBytesMax: number },
): readonly Hole[] {
  let kept = distinct(holes);
  while (kept.length > 1 && (kept.length > limits.holesMax || bytesOf(kept) > limits.holesBytesMax)) {
    const depth = Math.max(...kept.map(depthOf));
    if (depth === 0) break;
    kept = distinct(kept.map((hole) => (depthOf(hole) === depth ? { ...hole, name: parentOf(hole.name) } : hole)));
  }
  return kept;
}

/** One hole a place: of several reasons the first in order stands. */
function distinct(holes: readonly Hole[]): readonly Hole[] {
  const ordered = holes.toSorted(
    (a, b) => order(a.subject, b.subject) || order(a.name, b.name) || order(a.reason, b.reason),
  );
  return ordered.filter(({ subject, name }, at) => {
    const before = ordered[at - 1];
    return before === undefined || before.subject !== subject || before.name !== name;
  });
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function depthOf({ subject, name }: Hole): number {
  return subject !== 'file' || name === '/' ? 0 : name.split('/').length - 1;
}

function parentOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/')) || '/';
}

function bytesOf(holes: readonly Hole[]): number {
  return Buffer.byteLength(JSON.stringify(holes));
}
