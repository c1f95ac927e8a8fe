import { z } from 'zod';
import { CreateToken, NewToken, Token } from '../../../shared/api-enrolment.ts';
import { timestamp } from '../../../shared/clock.ts';
import { durationMs } from '../../../shared/duration.ts';
import { parseImageRef } from '../../../shared/image.ts';
import { parseRate } from '../../../shared/rate.ts';
import type { Db } from '../../store/database.ts';
import { appendEvent } from '../../store/event-store.ts';
import { readGroup } from '../../store/group-store.ts';
import { findImageByRef } from '../../store/image-store.ts';
import { createToken, revokeToken, type TokenRequest } from '../../store/token-store.ts';
import { listTokens } from '../../store/views/tokens-view.ts';
import { answers, answersPage, found, pageQuery } from '../schema.ts';
import type { Api, Services } from '../services.ts';

export function tokenRoutes(api: Api, services: Services): void {
  api.get('/tokens', {
    schema: {
      operationId: 'listTokens',
      tags: ['instances'],
      summary: 'Join tokens, newest first, without their secrets',
      querystring: z.strictObject(pageQuery),
      response: answersPage(Token, 'Tokens.'),
    },
    handler: (request) => listTokens(services.db, request.query),
  });

  api.post('/tokens', {
    schema: {
      operationId: 'createToken',
      tags: ['instances'],
      summary: 'Make a join token; its secret is in this answer and nowhere else',
      body: CreateToken,
      response: answers(NewToken, 'The token with its secret.'),
    },
    handler: async ({ body, actor }) => {
      found(await readGroup(services.db, body.group), `group ${body.group}: declare it with \`pristinectl apply\``);
      const ref = parseImageRef(body.image);
      const image = found(
        ref && (await findImageByRef(services.db, ref)),
        `image ${body.image}: push it with \`pristinectl images push\``,
      );
      const { group, labels, uses: usesMax, cidrs } = body;
      const expiresInMs = durationMs(body.expiresIn);
      const rate = body.rate === undefined ? undefined : parseRate(body.rate);
      const wanted = { group, imageDigest: image.digest, labels, usesMax, expiresInMs, rate, cidrs };
      const token = await issueToken(services.db, wanted, services.clock.now(), actor.name);
      services.feed.wake();
      return token;
    },
  });

  api.post('/tokens/:id/revoke', {
    schema: {
      operationId: 'revokeToken',
      tags: ['instances'],
      summary: 'Revoke a join token: nobody enrols with it any more; whom it let in stays',
      params: z.object({ id: z.string() }),
      response: answers(Token, 'The token.'),
    },
    handler: async ({ params, actor }) => {
      const revoked = await revokeToken(services.db, params.id, services.clock.now(), actor.name);
      const token = found(revoked, `token ${params.id}`);
      services.feed.wake();
      return token;
    },
  });
}

/** For a person, and told; of those that the server makes for its own launches the replacement tells. */
function issueToken(db: Db, request: TokenRequest, now: number, actor: string): Promise<NewToken> {
  return db.transaction().execute(async (tx) => {
    const token = await createToken(tx, request, now);
    const { id, group, imageDigest, usesMax, rate, cidrs, expiresAt } = token;
    const data = { token: id, image: imageDigest, uses: usesMax, rate, cidrs, expiresAt, actor };
    await appendEvent(tx, { at: timestamp(now), type: 'token.created', groupName: group, data });
    return token;
  });
}
