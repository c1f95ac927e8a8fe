/** Where in its instance's reports something stands. Boots count up over the life of a key, seqs within a boot. */
export interface Position {
  readonly boot: number;
  readonly seq: number;
}

/**
 * Where a report stands to the last one stored. `next` is applied. `duplicate` was stored before: acked, and applied no
 * second time. `out-of-order` has something missing before it. A sweep from its first part on needs nothing before it,
 * so it may begin a boot, and may follow a gap that a full spool has made.
 */
export function placeOf(
  report: Position & { readonly full: boolean; readonly part: number },
  last: Position,
): 'next' | 'duplicate' | 'out-of-order' {
  if (compare(report, last) <= 0) return 'duplicate';
  if (report.boot === last.boot && report.seq === last.seq + 1) return 'next';
  return report.full && report.part === 1 ? 'next' : 'out-of-order';
}

function compare(a: Position, b: Position): number {
  return a.boot - b.boot || a.seq - b.seq;
}
