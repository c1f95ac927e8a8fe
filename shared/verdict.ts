import { z } from 'zod';
import { type Severity, severityAtLeast } from './severity.ts';

export const Verdict = z.enum(['in_sync', 'drifted', 'unverifiable']).meta({ id: 'Verdict' });
export type Verdict = z.infer<typeof Verdict>;

/**
 * DESIGN §4: `drifted` is any open, unexempted finding of at least `low`; else `unverifiable` is any hole, never
 * scanned, or evidence expired; else `in_sync`. Drift outranks holes; holes stay visible.
 */
export function decideVerdict(evidence: {
  readonly severities: readonly Severity[];
  readonly holes: number;
  readonly scanned: boolean;
  readonly expired: boolean;
}): Verdict {
  if (evidence.severities.some((severity) => severityAtLeast(severity, 'low'))) return 'drifted';
  if (evidence.holes > 0 || !evidence.scanned || evidence.expired) return 'unverifiable';
  return 'in_sync';
}
