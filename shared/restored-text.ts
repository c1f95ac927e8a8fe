import type { Difference } from './finding.ts';

export const restoredWords = 'written and restored';

/**
 * Whether no difference is left of a finding (`restored.ts`). By what its fingerprint covers and not by the rule that it
 * names, so that nobody hides a difference behind these words, and a drift tells it too.
 */
export function isRestored({
  subject,
  change,
  attributes,
}: Pick<Difference, 'subject' | 'change' | 'attributes'>): boolean {
  return subject === 'file' && change === 'modified' && attributes.length === 0;
}
