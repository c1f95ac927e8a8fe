import { z } from 'zod';
import { Drift } from '../../../shared/api.ts';
import { findDrift, listBeneath, listDrifts } from '../../store/views/drifts-view.ts';
import { answers, answersPage, flag, found, pageQuery } from '../schema.ts';
import type { Api, Services } from '../services.ts';

export function driftRoutes(api: Api, services: Services): void {
  api.get('/drifts', {
    schema: {
      operationId: 'listDrifts',
      tags: ['drifts'],
      summary: 'Drifts, newest first; one however many instances have it',
      querystring: z.strictObject({ open: flag('only those some instance has now, or only the others'), ...pageQuery }),
      response: answersPage(Drift, 'Drifts.'),
    },
    handler: (request) => listDrifts(services.db, request.query),
  });

  api.get('/drifts/:fingerprint', {
    schema: {
      operationId: 'getDrift',
      tags: ['drifts'],
      summary: 'One drift',
      params: z.object({ fingerprint: z.string() }),
      response: answers(Drift, 'The drift.'),
    },
    handler: async ({ params }) =>
      found(await findDrift(services.db, params.fingerprint), `drift ${params.fingerprint}`),
  });

  api.get('/drifts/:fingerprint/beneath', {
    schema: {
      operationId: 'listDriftsBeneath',
      tags: ['drifts'],
      summary:
        'What is beneath a relabel, by name: a drift for each file, with the instances on which it is beneath it',
      params: z.object({ fingerprint: z.string() }),
      querystring: z.strictObject(pageQuery),
      response: answersPage(Drift, 'Drifts.'),
    },
    handler: async ({ params, query }) =>
      found(await listBeneath(services.db, params.fingerprint, query), `relabel ${params.fingerprint}`),
  });
}
