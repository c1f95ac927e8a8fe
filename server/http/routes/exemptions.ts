import { z } from 'zod';
import { Reason } from '../../../shared/api.ts';
import { ExemptionView } from '../../../shared/exemption.ts';
import { endDeclared } from '../../fleet/declare.ts';
import { findExemption, listExemptions } from '../../store/views/exemptions-view.ts';
import { answers, answersPage, flag, found, pageQuery } from '../schema.ts';
import type { Api, Services } from '../services.ts';

const named = z.object({ name: z.string() });

export function exemptionRoutes(api: Api, services: Services): void {
  const exemption = async (name: string) =>
    found(await findExemption(services.db, name, services.clock.now()), `exemption ${name}`);

  api.get('/exemptions', {
    schema: {
      operationId: 'listExemptions',
      tags: ['drifts'],
      summary: 'Exemptions in force, the one that ends next first',
      querystring: z.strictObject({ all: flag('those that expired or were ended too'), ...pageQuery }),
      response: answersPage(ExemptionView, 'Exemptions.'),
    },
    handler: ({ query }) => listExemptions(services.db, query, services.clock.now()),
  });

  api.get('/exemptions/:name', {
    schema: {
      operationId: 'getExemption',
      tags: ['drifts'],
      summary: 'One exemption, also when it is over',
      params: named,
      response: answers(ExemptionView, 'The exemption.'),
    },
    handler: ({ params }) => exemption(params.name),
  });

  api.post('/exemptions/:name/end', {
    schema: {
      operationId: 'endExemption',
      tags: ['drifts'],
      summary: 'End an exemption: what it was for drifts and taints again, since it was first seen',
      params: named,
      body: Reason,
      response: answers(ExemptionView, 'The exemption.'),
    },
    handler: async ({ params, body, actor }) => {
      const { db, clock, feed } = services;
      const ended = { name: params.name, reason: body.reason, actor: actor.name };
      await endDeclared(db, ended, clock.now());
      feed.wake();
      return exemption(params.name);
    },
  });
}
