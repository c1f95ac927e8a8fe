import type { Currency, Liveness } from '../../../shared/api.ts';
import type { Verdict } from '../../../shared/verdict.ts';

/** What reading needs besides the tables: the hour, who is connected, and how the fleet judges. Made anew for each request. */
export interface Sight {
  readonly now: number;
  readonly evidenceTtlMs: number;
  readonly contentOf: (instance: {
    readonly verdict: Verdict;
    readonly scanFinishedAt: string | null;
    readonly exemptUntil: string | null;
  }) => Verdict;
  readonly livenessOf: (instanceId: string) => Liveness;
  readonly currencyOf: (instance: {
    readonly image: { readonly name: string; readonly version: string } | null;
    readonly promoted: readonly string[];
  }) => Currency;
}
