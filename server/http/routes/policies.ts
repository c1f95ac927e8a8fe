import { z } from 'zod';
import { PolicyView } from '../../../shared/api.ts';
import { SimulatePolicies, Simulation } from '../../../shared/api-foresight.ts';
import { PolicyWarning, SpecVersion } from '../../../shared/api-policies.ts';
import { Policy } from '../../../shared/policy.ts';
import { readPolicy } from '../../store/policy-store.ts';
import { listPolicies } from '../../store/views/policies-view.ts';
import { listVersions } from '../../store/views/versions-view.ts';
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

  api.get('/policies/:name/versions', {
    schema: {
      operationId: 'listPolicyVersions',
      tags: ['groups'],
      summary: 'Every version of a policy, newest first: who declared it, when, and the document',
      params: z.object({ name: z.string() }),
      querystring: z.strictObject(pageQuery),
      response: answersPage(SpecVersion, 'Versions.'),
    },
    handler: async ({ params, query }) => {
      found(await readPolicy(services.db, params.name), `policy ${params.name}`);
      return listVersions(services.db, 'Policy', params.name, query);
    },
  });

  api.post('/policies::lint', {
    schema: {
      operationId: 'lintPolicy',
      tags: ['groups'],
      summary: 'What a person should look at before this policy acts; nothing is stored',
      body: Policy,
      response: answers(z.object({ warnings: z.array(PolicyWarning) }), 'Warnings; none where all is well.'),
    },
    handler: async ({ body }) => ({ warnings: [...(await services.lint(body))] }),
  });
}
