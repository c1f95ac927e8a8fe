import type { Generated } from 'kysely';
import type { ExemptFindingTable, ExemptionTable } from './exemption-tables.ts';
import type { OutboxTable, WebhookTable } from './outbox-tables.ts';
import type {
  AccessTokenTable,
  ApprovalRequestTable,
  ApprovalTable,
  AuditTable,
  HoldTable,
  SpecVersionTable,
} from './people-tables.ts';
import type { QuarantineTable } from './quarantine-table.ts';
import type {
  DriftTable,
  EvidenceTable,
  FindingTable,
  IdentityTable,
  RelabelTable,
  ReportTable,
} from './scan-tables.ts';

/**
 * The tables, as rows. JSON columns are text; times are RFC 3339 text, so that both SQLite and PostgreSQL sort and show
 * them alike. Rows become domain values in the store of their noun and go no further. Those of scans are in `scan-tables.ts`, of what people decide in `people-tables.ts`.
 */
export interface Tables {
  trusted_key: TrustedKeyTable;
  image: ImageTable;
  image_link: ImageLinkTable;
  rules: RulesTable;
  join_token: JoinTokenTable;
  instance_group: GroupTable;
  promotion: PromotionTable;
  rollout: RolloutTable;
  policy: PolicyTable;
  instance: InstanceTable;
  revoked_key: RevokedKeyTable;
  drift: DriftTable;
  finding: FindingTable;
  relabel: RelabelTable;
  identity: IdentityTable;
  evidence: EvidenceTable;
  report: ReportTable;
  replacement: ReplacementTable;
  replacement_step: ReplacementStepTable;
  quarantine: QuarantineTable;
  proof_revocation: RevocationTable;
  launch: LaunchTable;
  machine: MachineTable;
  replacement_request: RequestTable;
  exemption: ExemptionTable;
  exempt_finding: ExemptFindingTable;
  outbox: OutboxTable;
  webhook: WebhookTable;
  outside_look: LookTable;
  event: EventTable;
  listening: ListeningTable;
  lease: LeaseTable;
  hold: HoldTable;
  access_token: AccessTokenTable;
  spec_version: SpecVersionTable;
  approval_request: ApprovalRequestTable;
  approval: ApprovalTable;
  audit: AuditTable;
}

export interface TrustedKeyTable {
  id: string;
  name: string;
  pem: string;
  trusted_at: string;
}

export interface ImageTable {
  digest: string;
  name: string;
  version: string;
  /** DSSE envelopes as pushed. */
  manifest: string;
  rules: string;
  platform: string;
  entries: number;
  rules_sequence: number;
  /** JSON array of key ids. */
  signed_by: string;
  pushed_at: string;
  /** 1 once its entries are on disk (`entries-store.ts`). */
  entries_kept: Generated<number>;
}

/** Rules that were pushed apart from an image; those baked with one are in its row. */
export interface RulesTable {
  image_name: string;
  sequence: number;
  /** sha256 of the payload. */
  digest: string;
  envelope: string;
  state: 'candidate' | 'active' | 'superseded' | 'withdrawn';
  /** JSON array of key ids. */
  signed_by: string;
  pushed_at: string;
  activated_at: string | null;
  /** When they were superseded or withdrawn. */
  ended_at: string | null;
}

export interface JoinTokenTable {
  id: string;
  /** sha256 hex of the secret; the secret itself is never stored. */
  secret_hash: string;
  group_name: string;
  image_digest: string;
  labels: string;
  launch_key: string | null;
  provider_id: string | null;
  uses: number;
  uses_max: number;
  created_at: string;
  expires_at: string;
  /** At most so many uses in any so many milliseconds; both null for no more than `uses_max`. */
  rate_uses: number | null;
  rate_ms: number | null;
  /** JSON of the networks that it may be used from; null for any. */
  cidrs: string | null;
  revoked_at: string | null;
  /** How often it was shown when it was used up or revoked, and when that was last told of. */
  misused: number;
  misuse_told_at: string | null;
}

/** What a cloud calls an image, and which of ours that is. */
export interface ImageLinkTable {
  cloud_image: string;
  image_digest: string;
  linked_at: string;
}

export interface GroupTable {
  name: string;
  spec: string;
  version: number;
  updated_at: string;
  breaker_cause: string | null;
  breaker_at: string | null;
  /** When a person last reset it: what was tainted by then does not trip it again. */
  breaker_reset_at: string | null;
}

/** How far an image has come in a group that promotes it, or did. */
export interface RolloutTable {
  group_name: string;
  /** NAME@VERSION. */
  image: string;
  started_at: string;
  soaked_at: string | null;
  paused_at: string | null;
  paused_cause: string | null;
  resumed_at: string | null;
}

/** What a group promoted, in which channel; kept for good. */
export interface PromotionTable {
  id: Generated<number>;
  group_name: string;
  channel: string;
  /** NAME@VERSION, as `previous`; null for nothing. */
  image: string | null;
  previous: string | null;
  how: 'promoted' | 'rolled-back' | 'applied';
  actor: string;
  reason: string | null;
  at: string;
}

export interface PolicyTable {
  name: string;
  spec: string;
  version: number;
  updated_at: string;
}

export interface InstanceTable {
  id: string;
  key_id: string;
  public_key: string;
  group_name: string;
  image_digest: string;
  labels: string;
  launch_key: string | null;
  provider_id: string | null;
  lifecycle: 'active' | 'replacing' | 'quarantined' | 'retired';
  /** The verdict as last stored; evidence that has expired since makes it unverifiable when read. */
  verdict: 'in_sync' | 'drifted' | 'unverifiable';
  verdict_at: string;
  taint_severity: string | null;
  taint_at: string | null;
  /** When what the verdict leaves out begins to count again; null where it leaves out nothing. */
  exempt_until: string | null;
  boot: number;
  seq: number;
  rules: number;
  state_digest: string | null;
  /** The last complete scan; all null until the first. `coverage` also holds the holes now known. */
  scan_id: string | null;
  scan_boot: number | null;
  scan_seq: number | null;
  scan_started_at: string | null;
  scan_finished_at: string | null;
  coverage: string | null;
  /** A full report whose parts are still arriving. */
  pending_scan: string | null;
  /** JSON: why it is not sure which machine this is. */
  doubts: string;
  enrolled_at: string;
  last_seen_at: string;
  agent_version: string;
  facts: string;
  enrolled_by: 'token' | 'aws' | 'kubernetes';
  /** What vouched for it: the id of its token, or what a cloud said, for people. Null for those of before it was kept. */
  enrolled_with: string | null;
  /** What it was started from, as its cloud or the configuration calls it, where no token said which image it is. */
  started_from: string | null;
}

/** Keys of agents that open no connection any more. */
export interface RevokedKeyTable {
  id: string;
  instance_id: string;
  reason: string;
  revoked_at: string;
}

export interface ReplacementTable {
  id: string;
  group_name: string;
  policy: string;
  policy_version: number;
  /** sha256 of its text. */
  policy_digest: string | null;
  cause: string;
  /** Of what was drifted, JSON (`replace/shape.ts`). */
  shapes: string;
  /** The request by which people approved it; null where nobody was asked. */
  approval: string | null;
  state: string;
  target_digest: string;
  old_instance_id: string;
  old_provider_id: string;
  /** Of the old machine, when it was reserved. */
  zone: string | null;
  new_instance_id: string | null;
  new_provider_id: string | null;
  /** Set before the provider is asked to launch. */
  launched_at: string | null;
  retired_at: string | null;
  /** When the present state must have ended; what happens then is the state machine's. */
  deadline_at: string | null;
  soak_ends_at: string | null;
  /** 1 where it failed by its new instance. */
  blames_new: Generated<number>;
  attempts: number;
  /** JSON of the scan that showed the new instance clean. */
  scan: string | null;
  error: string | null;
  proof: string | null;
  /** Of the strategy when it began. */
  launch_order: Generated<'launch-first' | 'terminate-first'>;
  /** JSON of how its machine is to be kept, and that a place is taken for it. */
  keeping: Generated<string | null>;
  /** Id of the first of its lineage; null for those of before there were any. */
  lineage: Generated<string | null>;
  attempt: Generated<number>;
  /** When a person let the next one begin, where retries were spent. */
  reopened_at: Generated<string | null>;
  created_at: string;
  updated_at: string;
}

export interface ReplacementStepTable {
  replacement_id: string;
  n: number;
  state: string;
  detail: string;
  at: string;
}

/** What a provider lists, as far as it was seen: a row is written when something about it changes. */
export interface MachineTable {
  group_name: string;
  provider_id: string;
  zone: string | null;
  first_listed_at: string;
  /** What a person was called for: its agent never enrolled, or is silent; null while there is nothing to tell. */
  told: 'absent' | 'silent' | null;
}

/** What a person asks to be replaced, until that begins or its time is over. */
export interface RequestTable {
  instance_id: string;
  policy: string;
  reason: string;
  actor: string;
  asked_at: string;
}

/** Proofs that hold no more; kept for good. */
export interface RevocationTable {
  replacement_id: string;
  group_name: string;
  instance_id: string;
  shape: string;
  fingerprint: string;
  revoked_at: string;
  /** DSSE, JSON. */
  envelope: string;
}

/** Intent of a launch that a person asked for; replacements are their own intent. */
export interface LaunchTable {
  key: string;
  group_name: string;
  provider_id: string | null;
  created_at: string;
}

/** One comparison of a disk with what its agent told. */
export interface LookTable {
  id: string;
  instance_id: string;
  group_name: string;
  why: string;
  state: string;
  /** Null until it has ended. */
  outcome: string | null;
  detail: string;
  /** What the agent was last asked with, and when a sweep that answers it was stored. */
  request: string | null;
  answered_at: string | null;
  /** JSON of what was seen and how it compares. */
  result: string | null;
  requested_at: string;
  started_at: string | null;
  finished_at: string | null;
}

/** What happened, for SSE and for people; the oldest beyond `eventsMax` go. */
export interface EventTable {
  id: Generated<number>;
  at: string;
  type: string;
  group_name: string | null;
  instance_id: string | null;
  replacement_id: string | null;
  data: string;
}

/** One row: when this server listened. */
export interface ListeningTable {
  id: number;
  /** Written every minute, and when it stops. Null until then. */
  listened_at: string | null;
  /** Its `listened_at` of before an absence, as long as the fleet has not come back from it. */
  away_since: string | null;
}

/** One row a right that one server of all has at a time (`lease-store.ts`). */
export interface LeaseTable {
  name: string;
  /** The process that has it; null once it has given it up. */
  holder: string | null;
  /** Which term of the lease this is. */
  fence: number;
  renewals: number;
  /** By the wall clock of its holder, for people: nobody decides by it. */
  expires_at: string | null;
}
