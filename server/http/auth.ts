import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { sha256Hex } from '../../shared/digest.ts';
import { CodedError } from '../../shared/errors.ts';

/** Compares digests, which are of one length, in constant time: neither the token nor its length can be felt out. */
export function requireToken(adminToken: string): (request: FastifyRequest) => Promise<void> {
  const expected = Buffer.from(sha256Hex(adminToken));
  return async (request) => {
    const given = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined) {
      throw new CodedError('UNAUTHENTICATED', 'expected Authorization: Bearer, with the token in DATA/admin.token');
    }
    if (!timingSafeEqual(Buffer.from(sha256Hex(given)), expected)) {
      throw new CodedError('UNAUTHENTICATED', 'this token is not the one in DATA/admin.token');
    }
  };
}
