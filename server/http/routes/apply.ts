import { ApplyResult } from '../../../shared/api.ts';
import { CodedError } from '../../../shared/errors.ts';
import type { Exemption } from '../../../shared/exemption.ts';
import { Document } from '../../../shared/policy.ts';
import { mayAs } from '../../../shared/role.ts';
import { isLessApproval } from '../../fleet/approval.ts';
import { declare } from '../../fleet/declare.ts';
import type { Db } from '../../store/database.ts';
import { readExemption } from '../../store/exemption-store.ts';
import { readPolicy } from '../../store/policy-store.ts';
import { specText } from '../../store/spec.ts';
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
        'A field that is unknown is refused with its name. `enforce` is refused (409) for a group without `stateless: true`, whichever of the two documents comes first. An exemption is for an approver.',
      body: Document,
      response: answers(ApplyResult, 'What became of it.'),
    },
    handler: async (request) => {
      const { body, actor } = request;
      const by = { actor: actor.name, now: services.clock.now() };
      const applied = await declare(services.db, body, by, (tx) => refuse(tx, body, actor));
      if (applied.result !== 'unchanged') services.feed.wake();
      return { ...applied, warnings: body.kind === 'Policy' ? [...(await services.lint(body))] : [] };
    },
  });
}

/** Errors: FORBIDDEN, with who may. */
async function refuse(tx: Db, document: Document, { name, role }: Caller): Promise<void> {
  if (document.kind === 'Exemption') return refuseExemption(tx, document, { name, role });
  if (document.kind !== 'Policy' || role === 'admin') return;
  const stored = await readPolicy(tx, document.name);
  if (stored === undefined || !isLessApproval(stored.policy, document)) return;
  throw new CodedError(
    'FORBIDDEN',
    `policy ${document.name} would ask for less of an approval than it does, which is for an admin; to stop what it does, hold its group`,
  );
}

/** Whoever may not permit a drift may still apply all that is declared, where it changes nothing. */
async function refuseExemption(tx: Db, exemption: Exemption, { name, role }: Caller): Promise<void> {
  if (mayAs(role, 'approver')) return;
  const stored = await readExemption(tx, exemption.name);
  if (stored !== undefined && specText(stored.exemption) === specText(exemption)) return;
  throw new CodedError(
    'FORBIDDEN',
    `${name} is ${role}, and to permit a drift needs the role approver: ask one to apply exemption ${exemption.name}; to stop what is replaced meanwhile, hold the group`,
  );
}
