import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { NewToken, Token } from '../../shared/api-enrolment.ts';
import { timestamp } from '../../shared/clock.ts';
import { sha256Hex } from '../../shared/digest.ts';
import { formatRate, type RateSpec } from '../../shared/rate.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import type { Db } from './database.ts';
import { appendEvent } from './event-store.ts';
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
  readonly rate?: RateSpec | undefined;
  /** Networks that it may be used from; any, where there are none. */
  readonly cidrs?: readonly string[];
}

/** What a token gives to the instance that used it: none of it is the agent's to say. */
export interface TokenGrant {
  readonly tokenId: string;
  readonly group: string;
  readonly imageDigest: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly launchKey: string | null;
  readonly providerId: string | null;
  readonly rate: RateSpec | null;
  readonly cidrs: readonly string[] | null;
}

/** Why a secret is good for nothing. */
export interface SpentToken {
  readonly tokenId: string;
  readonly group: string;
  readonly why: 'expired' | 'revoked' | 'used-up';
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
    rate_uses: request.rate?.uses ?? null,
    rate_ms: request.rate?.ms ?? null,
    cidrs: request.cidrs?.length ? JSON.stringify(request.cidrs) : null,
    revoked_at: null,
    misused: 0,
    misuse_told_at: null,
  };
  await db.insertInto('join_token').values(row).execute();
  return { ...tokenOf(row), token: secret };
}

/**
 * Uses the token once; undefined where it cannot be. One statement, so that of many at the same time no more than
 * `usesMax` succeed; what it grants is undone with the transaction.
 */
export async function redeemToken(db: Db, secret: string, now: number): Promise<TokenGrant | undefined> {
  const row = await db
    .updateTable('join_token')
    .set({ uses: sql`uses + 1` })
    .where('secret_hash', '=', sha256Hex(secret))
    .where('expires_at', '>', timestamp(now))
    .where('revoked_at', 'is', null)
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
    rate: rateOf(row),
    cidrs: row.cidrs === null ? null : JSON.parse(row.cidrs),
  };
}

/** Undefined for a secret that was never one, or is long forgotten. Whoever knows a secret may know what became of it. */
export async function findSpentToken(db: Db, secret: string, now: number): Promise<SpentToken | undefined> {
  const row = await db
    .selectFrom('join_token')
    .selectAll()
    .where('secret_hash', '=', sha256Hex(secret))
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const why = row.revoked_at !== null ? 'revoked' : row.expires_at <= timestamp(now) ? 'expired' : 'used-up';
  return { tokenId: row.id, group: row.group_name, why };
}

/** An event each time would let the holder of one token push all others out of the table. */
const misuseToldEveryMs = 60_000;

/** Somebody showed a token that is used up or revoked. Counts each time; tells at most once a minute, and says whether it did. */
export async function noteMisuse(
  db: Db,
  { tokenId, group, why }: SpentToken,
  peer: string,
  now: number,
): Promise<boolean> {
  const { misused, misuse_told_at: toldAt } = await db
    .updateTable('join_token')
    .set({ misused: sql`misused + 1` })
    .where('id', '=', tokenId)
    .returning(['misused', 'misuse_told_at'])
    .executeTakeFirstOrThrow();
  if (toldAt !== null && Math.abs(now - Date.parse(toldAt)) < misuseToldEveryMs) return false;
  const at = timestamp(now);
  await db.updateTable('join_token').set({ misuse_told_at: at }).where('id', '=', tokenId).execute();
  const data = { token: tokenId, why, peer, times: misused };
  await appendEvent(db, { at, type: 'token.misused', groupName: group, data });
  return true;
}

/** What it let in stays; nobody comes in by it any more. Undefined where there is none; revoking again changes nothing. */
export async function revokeToken(db: Db, id: string, now: number, actor = 'admin'): Promise<Token | undefined> {
  return db.transaction().execute(async (tx) => {
    const at = timestamp(now);
    const revoked = await tx
      .updateTable('join_token')
      .set({ revoked_at: at })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .returning('group_name')
      .executeTakeFirst();
    if (revoked) {
      await appendEvent(tx, { at, type: 'token.revoked', groupName: revoked.group_name, data: { token: id, actor } });
    }
    const row = await tx.selectFrom('join_token').selectAll().where('id', '=', id).executeTakeFirst();
    return row && tokenOf(row);
  });
}

/** Those that expired before then; what used them keeps what they gave. */
export async function pruneTokens(db: Db, before: string): Promise<void> {
  await db.deleteFrom('join_token').where('expires_at', '<', before).execute();
}

/** Without the secret. */
export function tokenOf(row: JoinTokenTable): Token {
  const rate = rateOf(row);
  return {
    id: row.id,
    group: row.group_name,
    imageDigest: row.image_digest,
    labels: JSON.parse(row.labels),
    uses: row.uses,
    usesMax: row.uses_max,
    rate: rate === null ? null : formatRate(rate),
    cidrs: row.cidrs === null ? [] : JSON.parse(row.cidrs),
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
    providerId: row.provider_id,
    misused: row.misused,
  };
}

function rateOf({ rate_uses: uses, rate_ms: ms }: JoinTokenTable): RateSpec | null {
  return uses === null || ms === null ? null : { uses, ms };
}
