import { z } from 'zod';
import { Look } from '../../../shared/api-looks.ts';
import { findLook } from '../../store/look-store.ts';
import { listLooks, lookOf } from '../../store/views/looks-view.ts';
import { answers, answersPage, found, json, pageQuery, refusals } from '../schema.ts';
import type { Api, Services } from '../services.ts';

const identified = z.object({ id: z.string() });

export function lookRoutes(api: Api, { db, look }: Services): void {
  const one = async (id: string) => lookOf(found(await findLook(db, id), `look ${id}`));

  api.post('/instances/:id/looks', {
    schema: {
      operationId: 'lookAtInstance',
      tags: ['looks'],
      summary: 'Look at the disk of an instance from outside, and compare it with what its agent told',
      params: identified,
      response: { 202: json(Look, 'It waits or is under way; follow `Location`.'), ...refusals },
    },
    handler: async ({ params, actor }, reply) => {
      const accepted = await one(await look(params.id, actor.name));
      return reply.code(202).header('location', `/api/v1/looks/${accepted.id}`).send(accepted);
    },
  });

  api.get('/looks', {
    schema: {
      operationId: 'listLooks',
      tags: ['looks'],
      summary: 'Outside looks, newest first; of each instance the last hundred are kept',
      querystring: z.strictObject({ instance: z.string().optional(), group: z.string().optional(), ...pageQuery }),
      response: answersPage(Look, 'Looks.'),
    },
    handler: ({ query }) => listLooks(db, query),
  });

  api.get('/looks/:id', {
    schema: {
      operationId: 'getLook',
      tags: ['looks'],
      summary: 'One outside look',
      params: identified,
      response: answers(Look, 'The look.'),
    },
    handler: ({ params }) => one(params.id),
  });
}
