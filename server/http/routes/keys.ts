import { z } from 'zod';
import { TrustedKey, TrustKey } from '../../../shared/api.ts';
import { timestamp } from '../../../shared/clock.ts';
import { trustKey } from '../../store/key-store.ts';
import { listKeys } from '../../store/views/keys-view.ts';
import { answers, answersPage, pageQuery } from '../schema.ts';
import type { Api, Services } from '../services.ts';

export function keyRoutes(api: Api, services: Services): void {
  api.get('/keys', {
    schema: {
      operationId: 'listKeys',
      tags: ['images'],
      summary: 'The public keys that images may be signed with',
      querystring: z.strictObject(pageQuery),
      response: answersPage(TrustedKey, 'Trusted keys.'),
    },
    handler: (request) => listKeys(services.db, request.query),
  });

  api.post('/keys', {
    schema: {
      operationId: 'trustKey',
      tags: ['images'],
      summary: 'Trust a public key; trusting it again changes nothing',
      body: TrustKey,
      response: answers(TrustedKey, 'The trusted key.'),
    },
    handler: async ({ body, actor }) => {
      const at = timestamp(services.clock.now());
      const key = await trustKey(services.db, { ...body, at, actor: actor.name });
      services.feed.wake();
      return key;
    },
  });
}
