import { isExemptAt } from '../../shared/exemption.ts';
import type { Verdict } from '../../shared/verdict.ts';

/**
 * Three intervals of six hours. Agents spread each by a quarter, so that this is two of the longest, and the time for a
 * sweep: one that is lost on its way makes no instance unverifiable.
 */
export const evidenceTtlMsDefault = 18 * 3_600_000;

/**
 * The verdict as it holds at `now`. The stored one only says what the last report showed: without newer evidence a clean
 * one becomes `unverifiable` by itself, so that nothing has to run for it. Drift does not expire; that it is exempted does.
 */
export function contentOf(
  instance: {
    readonly verdict: Verdict;
    readonly scanFinishedAt: string | null;
    readonly exemptUntil: string | null;
  },
  now: number,
  evidenceTtlMs: number,
): Verdict {
  if (instance.exemptUntil !== null && !isExemptAt(instance.exemptUntil, now)) return 'drifted';
  if (instance.verdict !== 'in_sync') return instance.verdict;
  if (instance.scanFinishedAt === null) return 'unverifiable';
  return isExpired(instance.scanFinishedAt, now, evidenceTtlMs) ? 'unverifiable' : 'in_sync';
}

/**
 * Evidence from a time far ahead is as worthless as old evidence: no report was stored with one, so the server's clock was
 * set back since, and nobody knows how old it is.
 */
export function isExpired(scanFinishedAt: string, now: number, evidenceTtlMs: number): boolean {
  return Math.abs(now - Date.parse(scanFinishedAt)) >= evidenceTtlMs;
}
