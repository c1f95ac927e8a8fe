import type { Instance, ReplacementState } from '../../shared/api.ts';
import { doubtAdvice, doubtWords } from '../../shared/doubt-text.ts';
import { factSentence } from '../../shared/fact-text.ts';
import type { Difference } from '../../shared/finding.ts';
import type { Image } from '../../shared/image.ts';
import { imageRef } from '../../shared/image.ts';
import { privilegeChange } from '../../shared/privilege.ts';
import type { Cause } from '../../shared/proof.ts';
import { isRestored, restoredWords } from '../../shared/restored-text.ts';
import type { Severity } from '../../shared/severity.ts';
import type { Cell, Tone } from './output.ts';

/** How values look in a table. A colour only repeats what the word says. */

const toneOfContent = { in_sync: 'good', drifted: 'bad', unverifiable: 'warn' } as const;
const toneOfLiveness = { online: 'good', silent: 'warn', absent: 'warn' } as const;
const toneOfSeverity: Record<Severity, Tone> = {
  info: 'quiet',
  low: 'warn',
  medium: 'warn',
  high: 'bad',
  critical: 'bad',
};

export const contentCell = (content: Instance['content']): Cell => ({ text: content, tone: toneOfContent[content] });
export const livenessCell = (liveness: Instance['liveness']): Cell => ({
  text: liveness,
  tone: toneOfLiveness[liveness],
});
export const severityCell = (severity: Severity): Cell => ({ text: severity, tone: toneOfSeverity[severity] });

export function stateCell(state: ReplacementState): Cell {
  if (state === 'succeeded') return { text: state, tone: 'good' };
  if (state === 'failed' || state === 'stuck') return { text: state, tone: 'bad' };
  return { text: state, tone: 'warn' };
}

export function imageCell(image: Image | null, digest: string): string {
  return image === null ? `unknown (${shortDigest(digest)})` : imageRef(image);
}

export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

/** Each with what a person can do about it. */
export function doubtsCell(doubts: Instance['doubts']): Cell {
  const text = doubts.map(({ kind, since }) => `${doubtWords[kind]} (${since}); ${doubtAdvice[kind]}`).join('; ');
  return text === '' ? null : { text, tone: 'warn' };
}

export function taintCell(taint: Instance['taint']): Cell {
  return taint === null ? null : severityCell(taint.severity);
}

const fingerprintsShownMax = 3;

/** `drift of medium: 0e4fcfad7e6d`: what `pristinectl drifts get` takes. */
export function causeText(cause: Cause): string {
  if (cause.trigger === 'outdated') return `outdated: ${cause.from} → ${cause.to}`;
  if (cause.trigger === 'age') return `older than ${cause.olderThan}: enrolled ${cause.enrolledAt}`;
  if (cause.trigger === 'silence') return `silent since ${cause.since}; its machine is ${cause.witness ?? 'running'}`;
  if (cause.trigger === 'unverifiable') return `not verifiable since ${cause.since}`;
  if (cause.trigger === 'manual') return `${cause.by} asked for it: ${cause.reason}`;
  const shown = cause.fingerprints.slice(0, fingerprintsShownMax).map(shortDigest);
  const more = cause.fingerprints.length - shown.length;
  return `drift of ${cause.severity}: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** What differs, in a line; null where the change says it all. Of contents only that they do: `drifts get` has the digests. */
export function differenceText(finding: Difference): string | null {
  const { subject, change, attributes, expected, actual } = finding;
  if (isRestored(finding)) return restoredWords;
  const power = privilegeChange(finding);
  if (change !== 'modified') return power ?? (subject === 'file' ? null : factSentence(finding));
  // Which difference it is, an outside look says on both sides.
  const told = attributes.filter((attribute) => subject !== 'outside-look' || attribute !== 'difference');
  const parts = told.map((attribute) =>
    attribute === 'content' ? attribute : `${attribute} ${plain(expected[attribute])} → ${plain(actual[attribute])}`,
  );
  return [...(power === undefined ? [] : [power]), ...parts].join(', ');
}

export function plain(value: Difference['expected'][string] | undefined): string {
  if (value === undefined) return '–';
  if (typeof value !== 'object') return String(value);
  return Array.isArray(value) ? value.join(', ') : (pairsCell(value as Readonly<Record<string, string>>) ?? '');
}

/** `key=value` of each; null where there is none. */
export function pairsCell(record: Readonly<Record<string, string>>): string | null {
  return (
    Object.entries(record)
      .map(([key, value]) => `${key}=${value}`)
      .join(' ') || null
  );
}
