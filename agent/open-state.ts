import type { Hole } from '../shared/coverage.ts';
import type { Finding } from '../shared/finding.ts';

/** What the agent knows of its instance: the open findings by fingerprint, when a scan first had each, and the holes. */
export interface OpenState {
  readonly open: ReadonlyMap<string, Finding>;
  readonly firstSeenAt: ReadonlyMap<string, string>;
  readonly holes: readonly Hole[];
}

export const emptyState: OpenState = { open: new Map(), firstSeenAt: new Map(), holes: [] };
