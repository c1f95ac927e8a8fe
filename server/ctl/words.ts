import type { Instance, ReplacementState } from '../../shared/api.ts';
import type { Image } from '../../shared/image.ts';
import { imageRef } from '../../shared/image.ts';
import type { Cause } from '../../shared/proof.ts';
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

export function taintCell(taint: Instance['taint']): Cell {
  return taint === null ? null : severityCell(taint.severity);
}

export function causeText(cause: Cause): string {
  return cause.trigger === 'drift' ? `drift of ${cause.severity}` : `outdated: ${cause.from} → ${cause.to}`;
}

/** `key=value` of each; null where there is none. */
export function pairsCell(record: Readonly<Record<string, string>>): string | null {
  return (
    Object.entries(record)
      .map(([key, value]) => `${key}=${value}`)
      .join(' ') || null
  );
}
