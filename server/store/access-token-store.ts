import { randomBytes } from 'node:crypto';
import type { AccessToken, NewAccessToken } from '../../shared/api-access.ts';
import { timestamp } from '../../shared/clock.ts';
import { sha256Hex } from '../../shared/digest.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Role } from '../../shared/role.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import { revokeApprovalsOf } from './approval-store.ts';
import type { Db } from './database.ts';
import { appendEvent } from './event-store.ts';
import type { AccessTokenTable } from './people-tables.ts';

export interface AccessTokenRequest {
  readonly name: string;
  readonly role: Role;
  /** Null: until it is revoked. */
  readonly expiresInMs: number | null;
  readonly actor: string;
}

/**
 * The secret is in the answer and nowhere else: only its hash is stored. A name is one actor, so two tokens that are good
 * never share one; once it is revoked or over, the name may be given again, to the same person. Errors: CONFLICT.
 */
export async function createAccessToken(tx: Db, request: AccessTokenRequest, now: number): Promise<NewAccessToken> {
  const { name, role, expiresInMs, actor } = request;
  const namesakes = await tx.selectFrom('access_token').selectAll().where('name', '=', name).execute();
  if (namesakes.some((row) => isGood(row, now))) {
    throw new CodedError('CONFLICT', `${name} has a token already: revoke it first, or choose another name`);
  }
  const secret = `pat_${randomBytes(32).toString('base64url')}`;
  const at = timestamp(now);
  const row = {
    ...{ id: uuidv7(now), name, role, secret_hash: sha256Hex(secret), created_at: at, created_by: actor },
    expires_at: expiresInMs === null ? null : timestamp(now + expiresInMs),
    ...{ revoked_at: null, revoked_by: null, last_used_at: null },
  };
  await tx.insertInto('access_token').values(row).execute();
  const data = { token: row.id, name, role, expiresAt: row.expires_at, actor };
  await appendEvent(tx, { at, type: 'access-token.created', data });
  return { ...accessTokenOf(row), token: secret };
}

/** With it goes every yes that was said with it. Revoking again changes nothing. Errors: NOT_FOUND. */
export async function revokeAccessToken(tx: Db, id: string, actor: string, now: number): Promise<AccessToken> {
  const at = timestamp(now);
  const revoked = await tx
    .updateTable('access_token')
    .set({ revoked_at: at, revoked_by: actor })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returning(['name', 'role'])
    .executeTakeFirst();
  if (revoked) {
    await appendEvent(tx, { at, type: 'access-token.revoked', data: { token: id, ...revoked, actor } });
    await revokeApprovalsOf(tx, revoked.name, actor, now);
  }
  const row = await tx.selectFrom('access_token').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw new CodedError('NOT_FOUND', `there is no access token ${id}`);
  return accessTokenOf(row);
}

const usedEveryMs = 60_000;

/** Whose secret it is, good or not; undefined for one that was never given. Notes the use of a good one, to the minute. */
export async function redeemAccessToken(db: Db, secret: string, now: number) {
  const row = await db
    .selectFrom('access_token')
    .selectAll()
    .where('secret_hash', '=', sha256Hex(secret))
    .executeTakeFirst();
  if (row === undefined) return undefined;
  if (isGood(row, now) && Math.abs(now - Date.parse(row.last_used_at ?? timestamp(0))) >= usedEveryMs) {
    await db
      .updateTable('access_token')
      .set({ last_used_at: timestamp(now) })
      .where('id', '=', row.id)
      .execute();
  }
  return { ...accessTokenOf(row), isGood: isGood(row, now) };
}

function isGood({ revoked_at: revoked, expires_at: expires }: AccessTokenTable, now: number): boolean {
  return revoked === null && (expires === null || Date.parse(expires) > now);
}

/** Without the secret. */
export function accessTokenOf(row: AccessTokenTable): AccessToken {
  return {
    ...{ id: row.id, name: row.name, role: row.role as Role },
    ...{ createdAt: row.created_at, createdBy: row.created_by, expiresAt: row.expires_at },
    ...{ revokedAt: row.revoked_at, revokedBy: row.revoked_by, lastUsedAt: row.last_used_at },
  };
}
