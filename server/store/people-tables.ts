/** Tables of what people decide. Times are RFC 3339 text, documents JSON text. */

export interface HoldTable {
  id: string;
  scope: string;
  /** Id of an instance, name of a group; null for all. */
  target: string | null;
  reason: string;
  author: string;
  created_at: string;
  expires_at: string | null;
  lifted_at: string | null;
  lifted_by: string | null;
}

export interface AccessTokenTable {
  id: string;
  name: string;
  role: string;
  /** sha256 hex of the secret; the secret itself is never stored. */
  secret_hash: string;
  created_at: string;
  created_by: string;
  expires_at: string | null;
  revoked_at: string | null;
  revoked_by: string | null;
  last_used_at: string | null;
}

export interface SpecVersionTable {
  kind: string;
  name: string;
  version: number;
  spec: string;
  actor: string;
  at: string;
}

export interface ApprovalRequestTable {
  /** A digest of all the rest but the time. */
  id: string;
  group_name: string;
  policy: string;
  policy_version: number;
  cause: string;
  target_digest: string;
  created_at: string;
  refused_at: string | null;
  refused_by: string | null;
  refused_reason: string | null;
}

export interface ApprovalTable {
  id: string;
  request_id: string;
  actor: string;
  reason: string;
  instances_max: number;
  created_at: string;
  expires_at: string;
  revoked_at: string | null;
  revoked_by: string | null;
}

/** One row an entry of the chain; never changed, never removed. */
export interface AuditTable {
  n: number;
  at: string;
  actor: string;
  what: string;
  group_name: string | null;
  instance_id: string | null;
  replacement_id: string | null;
  before_digest: string | null;
  after_digest: string | null;
  data: string;
  previous: string;
  hash: string;
}
