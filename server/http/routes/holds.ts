import { z } from 'zod';
import { Hold, PlaceHold } from '../../../shared/api-holds.ts';
import { durationMs } from '../../../shared/duration.ts';
import { liftHold, placeHold } from '../../store/hold-store.ts';
import { listHolds } from '../../store/views/holds-view.ts';
import { answers, answersPage, flag, pageQuery } from '../schema.ts';
import type { Api, Services } from '../services.ts';

export function holdRoutes(api: Api, { db, clock, feed }: Services): void {
  api.get('/holds', {
    schema: {
      operationId: 'listHolds',
      tags: ['replacements'],
      summary: 'Holds in force, newest first; those that are over or lifted only when asked for',
      querystring: z.strictObject({ all: flag('those that are over or lifted too'), ...pageQuery }),
      response: answersPage(Hold, 'Holds.'),
    },
    handler: ({ query }) => listHolds(db, query, clock.now()),
  });

  api.post('/holds', {
    schema: {
      operationId: 'placeHold',
      tags: ['replacements'],
      summary: 'Replace nothing on an instance, in a group, or at all, until then or until it is lifted',
      description:
        'What is under way before its point of no return is rolled back where an instance or a group is held. While everything is held nothing is called at any provider: all waits as it is, and nothing ends.',
      body: PlaceHold,
      response: answers(Hold, 'The hold.'),
    },
    handler: async ({ body, actor }) => {
      const { scope, target = null, reason, for: duration } = body;
      const wanted = {
        scope,
        target,
        reason,
        author: actor.name,
        ms: duration === undefined ? null : durationMs(duration),
      };
      const hold = await db.transaction().execute((tx) => placeHold(tx, wanted, clock.now()));
      feed.wake();
      return hold;
    },
  });

  api.post('/holds/:id/lift', {
    schema: {
      operationId: 'liftHold',
      tags: ['replacements'],
      summary: 'Lift a hold; one that is lifted or over stays as it is',
      params: z.object({ id: z.string() }),
      response: answers(Hold, 'The hold.'),
    },
    handler: async ({ params, actor }) => {
      const hold = await db.transaction().execute((tx) => liftHold(tx, params.id, actor.name, clock.now()));
      feed.wake();
      return hold;
    },
  });
}
