import { ApplyResult } from '../../../shared/api.ts';
import { timestamp } from '../../../shared/clock.ts';
import { Document } from '../../../shared/policy.ts';
import { settleExemptions } from '../../fleet/exemptions.ts';
import { applyDocument } from '../../store/apply.ts';
import { answers } from '../schema.ts';
import type { Api, Services } from '../services.ts';

export function applyRoutes(api: Api, services: Services): void {
  api.post('/apply', {
    schema: {
      operationId: 'apply',
      tags: ['groups'],
      summary: 'Declare a group, a policy or an exemption; declaring the same again changes nothing',
      description:
        'A field that is not built yet is refused with its name (`NOT_BUILT_YET`). `enforce` is refused (409) for a group without `stateless: true`, whichever of the two documents comes first.',
      body: Document,
      response: answers(ApplyResult, 'What became of it.'),
    },
    handler: async (request) => {
      const { db, clock } = services;
      const result = await applyDocument(db, request.body, timestamp(clock.now()));
      if (result.kind === 'Exemption') await settleExemptions(db, clock.now());
      if (result.result !== 'unchanged') services.feed.wake();
      return result;
    },
  });
}
