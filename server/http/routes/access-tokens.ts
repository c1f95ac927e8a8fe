import { z } from 'zod';
import { AccessToken, Caller, CreateAccessToken, NewAccessToken } from '../../../shared/api-access.ts';
import { durationMs } from '../../../shared/duration.ts';
import { createAccessToken, revokeAccessToken } from '../../store/access-token-store.ts';
import { listAccessTokens } from '../../store/views/access-tokens-view.ts';
import { answers, answersPage, pageQuery } from '../schema.ts';
import type { Api, Services } from '../services.ts';

export function accessTokenRoutes(api: Api, { db, clock, feed }: Services): void {
  api.get('/access-tokens', {
    schema: {
      operationId: 'listAccessTokens',
      tags: ['people'],
      summary: 'Tokens of people and scripts, newest first, without their secrets',
      querystring: z.strictObject(pageQuery),
      response: answersPage(AccessToken, 'Access tokens.'),
    },
    handler: ({ query }) => listAccessTokens(db, query),
  });

  api.get('/access-tokens/self', {
    schema: {
      operationId: 'getCaller',
      tags: ['people'],
      summary: 'Whom the token of this request speaks for, and with which role',
      response: answers(Caller, 'The caller.'),
    },
    handler: async ({ actor }) => actor,
  });

  api.post('/access-tokens', {
    schema: {
      operationId: 'createAccessToken',
      tags: ['people'],
      summary: 'Make a token with a role; its secret is in this answer and nowhere else',
      body: CreateAccessToken,
      response: answers(NewAccessToken, 'The access token with its secret.'),
    },
    handler: async ({ body, actor }) => {
      const { name, role, expiresIn } = body;
      const expiresInMs = expiresIn === undefined ? null : durationMs(expiresIn);
      const wanted = { name, role, expiresInMs, actor: actor.name };
      const token = await db.transaction().execute((tx) => createAccessToken(tx, wanted, clock.now()));
      feed.wake();
      return token;
    },
  });

  api.post('/access-tokens/:id/revoke', {
    schema: {
      operationId: 'revokeAccessToken',
      tags: ['people'],
      summary: 'Revoke an access token: the next request with it is refused',
      params: z.object({ id: z.string() }),
      response: answers(AccessToken, 'The access token.'),
    },
    handler: async ({ params, actor }) => {
      const token = await db.transaction().execute((tx) => revokeAccessToken(tx, params.id, actor.name, clock.now()));
      feed.wake();
      return token;
    },
  });
}
