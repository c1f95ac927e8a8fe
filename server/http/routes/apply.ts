import { ApplyResult } from '../../../shared/api.ts';
import { timestamp } from '../../../shared/clock.ts';
import { CodedError } from '../../../shared/errors.ts';
import { Document } from '../../../shared/policy.ts';
import { isLessApproval } from '../../fleet/approval.ts';
import { settleExemptions } from '../../fleet/exemptions.ts';
import { applyDocument } from '../../store/apply.ts';
import type { Db } from '../../store/database.ts';
import { readPolicy } from '../../store/policy-store.ts';
import type { Caller } from '../auth.ts';
import { answers } from '../schema.ts';
import type { Api, Services } from '../services.ts';

export function applyRoutes(api: Api, services: Services): void {
  api.post('/apply', {
    schema: {
      operationId: 'apply',
      tags: ['groups'],
      summary: 'Declare a group, a policy or an exemption; declaring the same again changes nothing',
      description:
        'A field that is unknown is refused with its name. `enforce` is refused (409) for a group without `stateless: true`, whichever of the two documents comes first.',
      body: Document,
      response: answers(ApplyResult, 'What became of it.'),
    },
    handler: async (request) => {
      const { body, actor } = request;
      const at = timestamp(services.clock.now());
      const applied = await applyDocument(services.db, body, at, actor.name, (tx) => refuseLess(tx, body, actor));
      if (body.kind === 'Exemption') await settleExemptions(services.db, services.clock.now());
      if (applied.result !== 'unchanged') services.feed.wake();
      return { ...applied, warnings: body.kind === 'Policy' ? [...(await services.lint(body))] : [] };
    },
  });
}

/** Errors: FORBIDDEN for whoever is no admin. */
async function refuseLess(tx: Db, document: Document, { role }: Caller): Promise<void> {
  if (document.kind !== 'Policy' || role === 'admin') return;
  const stored = await readPolicy(tx, document.name);
  if (stored === undefined || !isLessApproval(stored.policy, document)) return;
  throw new CodedError(
    'FORBIDDEN',
    `policy ${document.name} would ask for less of an approval than it does, which is for an admin; to stop what it does, hold its group`,
  );
}
