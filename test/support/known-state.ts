import type { Hole } from '../../shared/coverage.ts';
import type { Finding } from '../../shared/finding.ts';

/** What `known-state.ndjson` says, by its text alone: for who must not read it as the agent does. */
export function knownIn(text: string): { readonly open: readonly Finding[]; readonly holes: readonly Hole[] } {
  const [head, ...changes] = text.split('\n').flatMap(parsed);
  const open = new Map<string, Finding>();
  let holes: readonly Hole[] = head.holes;
  for (const change of changes) {
    if (change.open) open.set(change.open.fingerprint, change.open);
    if (change.cleared) open.delete(change.cleared);
    if (change.holes) holes = change.holes;
  }
  return { open: [...open.values()], holes };
}

/** None for a line that is being written. */
function parsed(line: string): readonly ReturnType<typeof JSON.parse>[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
