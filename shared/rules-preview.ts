import { z } from 'zod';
import { Change, type Finding, Fingerprint } from './finding.ts';
import { Severity, severityAtLeast } from './severity.ts';

/** What newer rules would change about one finding; null where the rules in question find nothing. */
export const RulesDifference = z
  .strictObject({
    fingerprint: Fingerprint,
    subject: z.string().max(64),
    name: z.string().max(32_768),
    change: Change,
    before: Severity.nullable().describe('by the rules in force'),
    after: Severity.nullable().describe('by the newer rules'),
  })
  .meta({ id: 'RulesDifference' });
export type RulesDifference = z.infer<typeof RulesDifference>;

export const previewKinds = ['flagged', 'silent', 'regraded'] as const;
export type PreviewKind = (typeof previewKinds)[number];

/** `info` is shown and counts for nothing, so that what becomes it is silent. */
export function kindOf({ before, after }: Pick<RulesDifference, 'before' | 'after'>): PreviewKind {
  const [counted, counts] = [before, after].map((severity) => severity !== null && severityAtLeast(severity, 'low'));
  if (counted === counts) return 'regraded';
  return counts ? 'flagged' : 'silent';
}

/** The findings of one machine by two sets of rules, side by side: what differs, and nothing that both say alike. Pure. */
export function differencesOf(before: readonly Finding[], after: readonly Finding[]): readonly RulesDifference[] {
  const now = new Map(before.map((finding) => [finding.fingerprint, finding]));
  const then = new Map(after.map((finding) => [finding.fingerprint, finding]));
  return [...new Map([...now, ...then]).values()]
    .map(({ fingerprint, subject, name, change }) => ({
      ...{ fingerprint, subject, name, change },
      before: now.get(fingerprint)?.severity ?? null,
      after: then.get(fingerprint)?.severity ?? null,
    }))
    .filter((difference) => difference.before !== difference.after);
}
