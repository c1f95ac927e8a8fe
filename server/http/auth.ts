import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { sha256Hex } from '../../shared/digest.ts';
import { CodedError } from '../../shared/errors.ts';
import { mayAs, type Role } from '../../shared/role.ts';
import { redeemAccessToken } from '../store/access-token-store.ts';
import type { Services } from './services.ts';

/** Who asks. The holder of the token in DATA/admin.token is `admin`, whoever that is. */
export interface Caller {
  readonly name: string;
  readonly role: Role;
}

declare module 'fastify' {
  interface FastifyRequest {
    actor: Caller;
  }
}

/**
 * Compares digests, which are of one length, in constant time: neither the admin token nor its length can be felt out. Of
 * the others only hashes are there to be found. Errors: UNAUTHENTICATED; FORBIDDEN where the role does not reach.
 */
export function requireToken({ adminToken, db, clock }: Services): (request: FastifyRequest) => Promise<void> {
  const expected = Buffer.from(sha256Hex(adminToken));
  return async (request) => {
    const given = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined) {
      throw new CodedError(
        'UNAUTHENTICATED',
        'expected Authorization: Bearer, with an access token, or the token in DATA/admin.token',
      );
    }
    request.actor = timingSafeEqual(Buffer.from(sha256Hex(given)), expected)
      ? { name: 'admin', role: 'admin' }
      : await callerOf(given);
    // Where there is no route, all that is told is that there is none.
    const needed = request.routeOptions.config.role;
    if (needed !== undefined && !mayAs(request.actor.role, needed)) {
      throw new CodedError(
        'FORBIDDEN',
        `${request.actor.name} is ${request.actor.role}, and this needs the role ${needed}`,
      );
    }
  };

  async function callerOf(secret: string): Promise<Caller> {
    const token = await redeemAccessToken(db, secret, clock.now());
    if (token === undefined) throw new CodedError('UNAUTHENTICATED', 'there is no such access token');
    if (token.isGood) return { name: token.name, role: token.role };
    const why = token.revokedAt === null ? `expired at ${token.expiresAt}` : `was revoked at ${token.revokedAt}`;
    throw new CodedError('UNAUTHENTICATED', `this access token of ${token.name} ${why}`);
  }
}
