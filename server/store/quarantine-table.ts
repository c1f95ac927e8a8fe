import type { Generated } from 'kysely';

/** A machine that is kept as evidence (`replace/evidence.ts`). */
export interface QuarantineTable {
  id: string;
  group_name: string;
  instance_id: string;
  provider_id: string;
  /** Of the replacement that puts another in its place. */
  replacement_id: Generated<string | null>;
  owner: string;
  reason: string;
  severity: string | null;
  state: string;
  snapshot_id: Generated<string | null>;
  snapshot_at: Generated<string | null>;
  keep_ms: number;
  expires_at: string;
  released_at: Generated<string | null>;
  attempts: number;
  error: Generated<string | null>;
  created_at: string;
  updated_at: string;
}
