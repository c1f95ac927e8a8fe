import type { Difference, Finding } from './finding.ts';
import { fingerprintOf } from './finding.ts';

/** Of findings that the server alone makes: what it saw on a machine's disk itself, and the agent did not tell. */
export const outsideSubject = 'outside-look';
export const outsideRule = 'guard outside-look';

/**
 * How the agent failed to tell of a difference. `untold`: not at all. `belittled`: as less grave than it is. `covered`: a
 * mount stands between it and the disk, as it says itself. `unanswered`: it was asked to look, and stayed connected without doing so.
 */
export const silences = ['untold', 'belittled', 'covered', 'unanswered'] as const;
export type Silence = (typeof silences)[number];

const told: Readonly<Record<Silence, string>> = {
  untold: 'nothing',
  belittled: 'that it is less grave',
  covered: 'that a mount covers it',
  unanswered: 'nothing, though it was asked',
};

/** The agent lied or was blinded. Equal silence about an equal difference is one drift, however many instances share it. */
export function untoldFinding(seen: Finding, silence: Silence): Finding {
  const attributes = seen.change === 'modified' ? `: ${seen.attributes.join(', ')}` : '';
  const difference: Difference = {
    subject: outsideSubject,
    name: seen.name,
    change: 'modified',
    attributes: ['difference', 'told'],
    expected: { difference: seen.fingerprint, told: `${seen.subject} ${seen.change}${attributes}` },
    actual: { difference: seen.fingerprint, told: told[silence] },
  };
  return { ...difference, fingerprint: fingerprintOf(difference), severity: 'critical', rule: outsideRule };
}
