import { z } from 'zod';
import { Reason, ReplacementView, RequestedReplacement, RequestReplacement } from '../../../shared/api.ts';
import { Envelope } from '../../../shared/dsse.ts';
import { Revocation } from '../../../shared/revocation.ts';
import { requestReplacement } from '../../fleet/request.ts';
import { getInstance } from '../../store/instance-store.ts';
import { findReplacement, listReplacements } from '../../store/views/replacements-view.ts';
import { listRevocations } from '../../store/views/revocations-view.ts';
import { answers, answersPage, flag, found, pageQuery, refusals } from '../schema.ts';
import type { Api, Services } from '../services.ts';

const identified = z.object({ id: z.string() });

export function replacementRoutes(api: Api, services: Services): void {
  api.get('/replacements', {
    schema: {
      operationId: 'listReplacements',
      tags: ['replacements'],
      summary: 'Replacements, newest first',
      querystring: z.strictObject({
        group: z.string().optional(),
        active: flag('only those under way, or only those that ended'),
        ...pageQuery,
      }),
      response: answersPage(ReplacementView, 'Replacements.'),
    },
    handler: (request) => listReplacements(services.db, request.query),
  });

  api.post('/replacements', {
    schema: {
      operationId: 'requestReplacement',
      tags: ['replacements'],
      summary:
        'Ask for the replacement of an instance: by a policy, through all that holds replacements back but settling',
      body: RequestReplacement,
      response: answers(RequestedReplacement, 'Asked.'),
    },
    handler: async ({ body, actor }) => {
      const { instanceId, policy } = body;
      await requestReplacement(services.db, { ...body, actor: actor.name }, services.clock.now());
      const { group } = await getInstance(services.db, instanceId);
      const { blocked } = await services.plan(group);
      services.feed.wake();
      const own = blocked.find((one) => one.instanceId === instanceId && one.policy === policy);
      return { instanceId, policy, blockers: own?.blockers ?? [] };
    },
  });

  api.get('/replacements/:id', {
    schema: {
      operationId: 'getReplacement',
      tags: ['replacements'],
      summary: 'One replacement with its steps',
      params: identified,
      response: answers(ReplacementView, 'The replacement.'),
    },
    handler: async ({ params }) => found(await findReplacement(services.db, params.id), `replacement ${params.id}`),
  });

  const intervene = (name: 'abort' | 'retry', summary: string, act: Services['abort']) =>
    api.post(`/replacements/:id/${name}`, {
      schema: {
        ...{ operationId: `${name}Replacement`, tags: ['replacements'], summary, params: identified, body: Reason },
        response: answers(ReplacementView, 'The replacement.'),
      },
      handler: async ({ params, body, actor }) => {
        await act({ id: params.id, reason: body.reason, actor: actor.name });
        services.feed.wake();
        return found(await findReplacement(services.db, params.id), `replacement ${params.id}`);
      },
    });
  intervene('abort', 'Give it up while there is a way back: the old instance stays', (asked) => services.abort(asked));
  intervene('retry', 'Try a stuck one again, or let another begin where one failed too often', (asked) =>
    services.retry(asked),
  );

  api.get('/replacements/:id/proof', {
    schema: {
      operationId: 'getProof',
      tags: ['replacements'],
      summary: 'The signed record that the replacement was measured clean',
      params: identified,
      response: answers(Envelope, 'A DSSE envelope around an in-toto statement.'),
    },
    handler: async ({ params }) => {
      const replacement = found(await findReplacement(services.db, params.id), `replacement ${params.id}`);
      return found(replacement.proof ?? undefined, `proof of replacement ${params.id}, which is ${replacement.state}`);
    },
  });

  api.get('/proof-revocations', {
    schema: {
      operationId: 'listRevocations',
      tags: ['replacements'],
      summary: 'Proofs that hold no more, each with the signed record of it',
      querystring: z.strictObject(pageQuery),
      response: answersPage(Revocation, 'Revocations.'),
    },
    handler: (request) => listRevocations(services.db, request.query),
  });

  api.get('/proof-key', {
    schema: {
      operationId: 'getProofKey',
      tags: ['replacements'],
      summary: 'The public key that proofs verify with',
      response: {
        200: { description: 'SPKI, PEM.', content: { 'text/plain': { schema: z.string() } } },
        ...refusals,
      },
    },
    handler: async (_request, reply) => {
      reply.type('text/plain');
      return services.proofKey;
    },
  });
}
