import type { Generated } from 'kysely';

/** Whom to call, and what is on its way there. As in `tables.ts`. */

/** Pages on their way to a person. */
export interface OutboxTable {
  n: Generated<number>;
  /** Of the CloudEvent. */
  message_id: string;
  type: string;
  at: string;
  body: string;
  state: 'pending' | 'delivered' | 'dead';
  attempts: number;
  next_at: string | null;
  /** Of the last attempt. */
  error: string | null;
  ended_at: string | null;
}

/** One row at most: whom the configuration says to call. */
export interface WebhookTable {
  id: number;
  configured: number;
  /** Digest of the address, which may be a secret. */
  address: string;
  receiver: string;
  /** JSON array. */
  events: string;
  source: string;
  disabled_at: string | null;
  disabled_reason: string | null;
  delivered: Generated<number>;
  dead: Generated<number>;
  /** Pages for which there was no room. */
  unlisted: Generated<number>;
  unlisted_since: string | null;
  last_delivered_at: string | null;
}
