import { z } from 'zod';
import { PushRules, RulesDetail, RulesView } from '../../../shared/api-rules.ts';
import { activateRules, pushRules, withdrawRules } from '../../fleet/rules.ts';
import { instancesOfName } from '../../store/rules-store.ts';
import { findRulesView, listRules } from '../../store/views/rules-view.ts';
import { answers, found, wholeNumber } from '../schema.ts';
import type { Api, Services } from '../services.ts';

const numbered = z.object({ image: z.string(), sequence: wholeNumber(1, Number.MAX_SAFE_INTEGER) });

export function rulesRoutes(api: Api, services: Services): void {
  const { db, board, clock, feed, gateway } = services;
  const detail = async (image: string, sequence: number): Promise<RulesDetail> => {
    const rules = found(await findRulesView(db, image, sequence), `set of rules ${sequence} of ${image}`);
    const isCandidate = rules.state === 'candidate';
    const asked = isCandidate ? await instancesOfName(db, image) : [];
    return { ...rules, preview: isCandidate ? board.view(rules.digest, asked, gateway.isOnline) : null };
  };

  api.get('/rules', {
    schema: {
      operationId: 'listRules',
      tags: ['rules'],
      summary: 'Rules that were pushed apart from an image, by its name, the latest first',
      querystring: z.strictObject({ image: z.string().optional() }),
      response: answers(z.object({ items: z.array(RulesView), nextCursor: z.null() }), 'Rules; all on one page.'),
    },
    handler: async ({ query }) => ({ items: await listRules(db, query.image), nextCursor: null }),
  });

  api.get('/rules/:image/:sequence', {
    schema: {
      operationId: 'getRules',
      tags: ['rules'],
      summary:
        'One set of rules; of a candidate with what it would change over the fleet, as far as agents have answered',
      params: numbered,
      response: answers(RulesDetail, 'The rules.'),
    },
    handler: ({ params }) => detail(params.image, params.sequence),
  });

  api.post('/rules', {
    schema: {
      operationId: 'pushRules',
      tags: ['rules'],
      summary:
        'Push newer signed rules as a candidate: agents are asked what they would change, and nothing judges by them yet',
      body: PushRules,
      response: answers(RulesDetail, 'The candidate.'),
    },
    handler: async ({ body, actor }) => {
      const { image, sequence } = await pushRules(db, body.rules, clock.now(), actor.name);
      feed.wake();
      return detail(image, sequence);
    },
  });

  api.post('/rules/:image/:sequence/activate', {
    schema: {
      operationId: 'activateRules',
      tags: ['rules'],
      summary: 'Offer a candidate to all agents of its image; what only it finds triggers nothing for an hour',
      params: numbered,
      response: answers(RulesDetail, 'The rules.'),
    },
    handler: async ({ params, actor }) => {
      const { digest } = await detail(params.image, params.sequence);
      await activateRules(db, params.image, params.sequence, clock.now(), actor.name);
      board.forget(digest);
      feed.wake();
      return detail(params.image, params.sequence);
    },
  });

  api.post('/rules/:image/:sequence/withdraw', {
    schema: {
      operationId: 'withdrawRules',
      tags: ['rules'],
      summary: 'Drop a candidate; its sequence is not used again',
      params: numbered,
      response: answers(RulesDetail, 'The rules.'),
    },
    handler: async ({ params, actor }) => {
      const { digest } = await detail(params.image, params.sequence);
      await withdrawRules(db, params.image, params.sequence, clock.now(), actor.name);
      board.forget(digest);
      return detail(params.image, params.sequence);
    },
  });
}
