import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { NewToken, Token } from '../../shared/api.ts';
import { timestamp } from '../../shared/clock.ts';
import { sha256Hex } from '../../shared/digest.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import type { Db } from './database.ts';
import type { JoinTokenTable } from './tables.ts';

export interface TokenRequest {
  readonly group: string;
  readonly imageDigest: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly usesMax: number;
  readonly expiresInMs: number;
  /** Ties whoever uses it to the launch of a machine of ours. */
  readonly launchKey?: string;
  readonly providerId?: string;
}

/** What a token gives to the instance that used it: none of it is the agent's to say. */
export interface Grant {
  readonly tokenId: string;
  readonly group: string;
  readonly imageDigest: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly launchKey: string | null;
  readonly providerId: string | null;
}

/** The secret is in the answer and nowhere else: only its hash is stored. */
export async function createToken(db: Db, request: TokenRequest, now: number): Promise<NewToken> {
  const secret = `pst_${randomBytes(32).toString('base64url')}`;
  const row = {
    id: uuidv7(now),
    secret_hash: sha256Hex(secret),
    group_name: request.group,
    image_digest: request.imageDigest,
    labels: JSON.stringify(request.labels),
    launch_key: request.launchKey ?? null,
    provider_id: request.providerId ?? null,
    uses: 0,
    uses_max: request.usesMax,
    created_at: timestamp(now),
    expires_at: timestamp(now + request.expiresInMs),
  };
  await db.insertInto('join_token').values(row).execute();
  return { ...tokenOf(row), token: secret };
}

/**
 * Uses the token once, or says that it cannot be: unknown, used up and expired are one answer on purpose. One statement,
 * so that of many at the same time no more than `usesMax` succeed; what it grants is undone with the transaction.
 */
export async function redeemToken(db: Db, secret: string, now: number): Promise<Grant | undefined> {
  const row = await db
    .updateTable('join_token')
    .set({ uses: sql`uses + 1` })
    .where('secret_hash', '=', sha256Hex(secret))
    .where('expires_at', '>', timestamp(now))
    .whereRef('uses', '<', 'uses_max')
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    tokenId: row.id,
    group: row.group_name,
    imageDigest: row.image_digest,
    labels: JSON.parse(row.labels),
    launchKey: row.launch_key,
    providerId: row.provider_id,
  };
}

/** Those that expired before then; what used them keeps what they gave. */
export async function pruneTokens(db: Db, before: string): Promise<void> {
  await db.deleteFrom('join_token').where('expires_at', '<', before).execute();
}

/** Without the secret. */
export function tokenOf(row: JoinTokenTable): Token {
  return {
    id: row.id,
    group: row.group_name,
    imageDigest: row.image_digest,
    labels: JSON.parse(row.labels),
    uses: row.uses,
    usesMax: row.uses_max,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
  };
}
