import type { Generated } from 'kysely';

/** Exemptions, and what they cover. As in `tables.ts`. */

export interface ExemptionTable {
  name: string;
  spec: string;
  version: number;
  /** Of the version that `exempt_finding` has; 0 for none. */
  placed_version: number;
  author: string;
  declared_at: string;
  until: string;
  /** When it was told that its time is over. */
  expired_at: string | null;
  ended_at: string | null;
  ended_by: string | null;
  ended_reason: string | null;
}

/** An exemption covers a finding of an instance (`exempt-finding-store.ts`). */
export interface ExemptFindingTable {
  instance_id: string;
  fingerprint: string;
  exemption: string;
  /** Empty where it covers it no more. */
  until: string;
  /** 1 where verdict and taint of the instance were judged without this finding. */
  counted: Generated<number>;
  /** 0 where the instance is to be judged again. */
  judged: Generated<number>;
  /** Since when it would taint, but for the exemption. */
  tainted_at: string | null;
}
