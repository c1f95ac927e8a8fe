import type { Verdict } from '../../shared/verdict.ts';

/** Three missed hourly sweeps. */
export const evidenceTtlMsDefault = 3 * 3_600_000;

/**
 * The verdict as it holds at `now`. The stored one only says what the last report showed: without newer evidence a clean
 * one becomes `unverifiable` by itself, so that nothing has to run for it. Drift does not expire.
 */
export function contentOf(
  instance: { readonly verdict: Verdict; readonly scanFinishedAt: string | null },
  now: number,
  evidenceTtlMs: number,
): Verdict {
  if (instance.verdict !== 'in_sync') return instance.verdict;
  if (instance.scanFinishedAt === null) return 'unverifiable';
  return now < evidenceExpiresAt(instance.scanFinishedAt, evidenceTtlMs) ? 'in_sync' : 'unverifiable';
}

/** Milliseconds since the epoch; from this moment on it is expired. */
export function evidenceExpiresAt(scanFinishedAt: string, evidenceTtlMs: number): number {
  return Date.parse(scanFinishedAt) + evidenceTtlMs;
}
