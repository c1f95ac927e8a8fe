import { ApplyResult } from '../../../shared/api.ts';
import { Document } from '../../../shared/policy.ts';
import { declare } from '../../fleet/declare.ts';
import { refuseToDeclare } from '../../fleet/may-declare.ts';
import { answers } from '../schema.ts';
import type { Api, Services } from '../services.ts';

export function applyRoutes(api: Api, services: Services): void {
  api.post('/apply', {
    schema: {
      operationId: 'apply',
      tags: ['groups'],
      summary: 'Declare a group, a policy or an exemption; declaring the same again changes nothing',
      description:
        'A field that is unknown is refused with its name. `enforce` is refused (409) for a group without `stateless: true`, whichever of the two documents comes first. An exemption, and a policy that keeps less evidence than it did, are for an approver; a new group, another provider, and whatever takes an approval away are for an admin.',
      body: Document,
      response: answers(ApplyResult, 'What became of it.'),
    },
    handler: async (request) => {
      const { body, actor } = request;
      const by = { actor: actor.name, now: services.clock.now() };
      const applied = await declare(services.db, body, by, (tx) => refuseToDeclare(tx, body, actor));
      if (applied.result !== 'unchanged') services.feed.wake();
      return { ...applied, warnings: body.kind === 'Policy' ? [...(await services.lint(body))] : [] };
    },
  });
}
