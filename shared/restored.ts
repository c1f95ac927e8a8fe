import { type Difference, type Finding, fingerprintOf } from './finding.ts';
import type { Name } from './name.ts';

export { isRestored } from './restored-text.ts';

/** The rule of a finding that no difference is left of. */
export const restoredRule = 'written-and-restored';

/**
 * A baked file that was written to, and was as baked again when somebody looked: that it was another in between is not known,
 * so that it neither drifts nor taints. It closes with the next sweep.
 */
export function restoredFinding(name: Name): Finding {
  const difference: Difference = {
    ...{ subject: 'file', name, change: 'modified' as const },
    ...{ attributes: [], expected: {}, actual: {} },
  };
  return { fingerprint: fingerprintOf(difference), ...difference, severity: 'info', rule: restoredRule };
}
