import { z } from 'zod';
import { PolicyView } from '../../../shared/api.ts';
import { SimulatePolicies, Simulation } from '../../../shared/api-foresight.ts';
import { readPolicy } from '../../store/policy-store.ts';
import { listPolicies } from '../../store/views/policies-view.ts';
import { answers, answersPage, found, pageQuery } from '../schema.ts';
import type { Api, Services } from '../services.ts';

export function policyRoutes(api: Api, services: Services): void {
  api.get('/policies', {
    schema: {
      operationId: 'listPolicies',
      tags: ['groups'],
      summary: 'Policies',
      querystring: z.strictObject(pageQuery),
      response: answersPage(PolicyView, 'Policies.'),
    },
    handler: (request) => listPolicies(services.db, request.query),
  });

  api.post('/policies::simulate', {
    schema: {
      operationId: 'simulatePolicies',
      tags: ['replacements'],
      summary: 'What policies would do now, and would have done in so many days before; nothing is changed',
      body: SimulatePolicies,
      response: answers(Simulation, 'What they would do.'),
    },
    handler: ({ body }) => services.simulate(body),
  });

  api.get('/policies/:name', {
    schema: {
      operationId: 'getPolicy',
      tags: ['groups'],
      summary: 'One policy',
      params: z.object({ name: z.string() }),
      response: answers(PolicyView, 'The policy.'),
    },
    handler: async ({ params }) => found(await readPolicy(services.db, params.name), `policy ${params.name}`),
  });
}
