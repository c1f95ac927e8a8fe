import type { Generated } from 'kysely';

/** What scans have told, and what the server makes of it. As in `tables.ts`. */

/** One row per drift, however many instances have it. */
export interface DriftTable {
  fingerprint: string;
  subject: string;
  name: string;
  change: string;
  attributes: string;
  expected: string;
  actual: string;
  first_seen_at: string;
}

/** An instance has, or had, a drift. */
export interface FindingTable {
  instance_id: string;
  fingerprint: string;
  severity: string;
  rule: string;
  first_seen_at: string;
  last_seen_at: string;
  closed_at: string | null;
  scan_id: string;
  /** When it last opened or grew graver: a taint that is younger does not come from it. */
  tainting_since: string;
  /** Sequence of the rules that last listed it. */
  rules: number;
  /** Sequence of the rules without which it would not be there, or not be so grave. */
  by_rules: number | null;
  /** JSON `[expected, actual]`: the attributes that the fingerprint does not cover, as this agent said when it opened. */
  rest: string;
  /** The kind of relabel that it may be part of. */
  relabel: string | null;
  /** 1 where it is part of one: shown beneath it, and not by itself. */
  folded: Generated<number>;
  /** JSON of the text difference that this instance sent: unlike the drift, it is this one's alone. */
  diff: string | null;
  /** JSON of who changed it on this instance, as its kernel told. */
  actors: string | null;
  /** How often, at least, since it opened. */
  changes: number | null;
}

/** An instance was relabelled: more findings of one kind than anybody reads one by one. */
export interface RelabelTable {
  instance_id: string;
  kind: string;
  files: number;
  severity: string;
  first_seen_at: string;
  last_seen_at: string;
  closed_at: string | null;
}

/** By what an instance that is not retired is known. */
export interface IdentityTable {
  instance_id: string;
  name: string;
  digest: string;
}

/** An interval in which an instance's complete scans all said the same. Each clean sweep extends one row. */
export interface EvidenceTable {
  id: Generated<number>;
  instance_id: string;
  image_digest: string;
  rules: number;
  verdict: string;
  state_digest: string;
  from_at: string;
  to_at: string;
  scans: number;
}

/** Each stored report that changed something, once. */
export interface ReportTable {
  instance_id: string;
  boot: number;
  seq: number;
  scan_id: string;
  opened: number;
  cleared: number;
  received_at: string;
}
