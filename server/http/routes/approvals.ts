import { z } from 'zod';
import { Reason } from '../../../shared/api.ts';
import { ApprovalRequest, Approve } from '../../../shared/api-approvals.ts';
import { durationMs } from '../../../shared/duration.ts';
import { CodedError } from '../../../shared/errors.ts';
import { approvalRuleOf } from '../../fleet/approval.ts';
import { findRequest, giveApproval, refuseRequest, revokeApprovals } from '../../store/approval-store.ts';
import { enforcingPolicies } from '../../store/policy-store.ts';
import { findApproval, listApprovals } from '../../store/views/approvals-view.ts';
import { answers, answersPage, flag, found, pageQuery } from '../schema.ts';
import type { Api, Services } from '../services.ts';

const identified = z.object({ id: z.string() });

export function approvalRoutes(api: Api, { db, clock, feed }: Services): void {
  const one = async (id: string) => found(await findApproval(db, id, clock.now()), `approval request ${id}`);

  api.get('/approvals', {
    schema: {
      operationId: 'listApprovals',
      tags: ['replacements'],
      summary: 'What waits for a person, and what people have said to it; newest first',
      querystring: z.strictObject({
        group: z.string().optional(),
        all: flag('void ones too'),
        ...pageQuery,
      }),
      response: answersPage(ApprovalRequest, 'Requests with their approvals.'),
    },
    handler: ({ query }) => listApprovals(db, query, clock.now()),
  });

  api.get('/approvals/:id', {
    schema: {
      operationId: 'getApproval',
      tags: ['replacements'],
      summary: 'One request with its approvals',
      params: identified,
      response: answers(ApprovalRequest, 'The request.'),
    },
    handler: ({ params }) => one(params.id),
  });

  api.post('/approvals/:id/approve', {
    schema: {
      operationId: 'approve',
      tags: ['replacements'],
      summary:
        'Say yes to the replacement of so many instances, for this cause, by this policy version, with this image',
      description:
        'Refused (403) for who applied the version of the policy, promoted the image, or asked for the replacement. It is looked at again before each old instance ends.',
      params: identified,
      body: Approve,
      response: answers(ApprovalRequest, 'The request.'),
    },
    handler: async ({ params, body, actor }) => {
      const now = clock.now();
      await db.transaction().execute(async (tx) => {
        const request = found(await findRequest(tx, params.id), `approval request ${params.id}`);
        const { state } = found(await findApproval(tx, params.id, now), `approval request ${params.id}`);
        const rule = approvalRuleOf((await enforcingPolicies(tx, request.group)).map(({ policy }) => policy));
        if (state === 'void' || rule === null) {
          throw new CodedError(
            'CONFLICT',
            `approval request ${params.id} is void: \`pristinectl approvals list\` has those that wait`,
          );
        }
        const ms = Math.min(rule.ms, body.for === undefined ? rule.ms : durationMs(body.for));
        const said = { actor: actor.name, reason: body.reason, instancesMax: body.instances, ms };
        await giveApproval(tx, { request, ...said }, now);
      });
      feed.wake();
      return one(params.id);
    },
  });

  api.post('/approvals/:id/revoke', {
    schema: {
      operationId: 'revokeApprovals',
      tags: ['replacements'],
      summary: 'Take back every approval of a request; what is under way and can be taken back is rolled back',
      params: identified,
      response: answers(ApprovalRequest, 'The request.'),
    },
    handler: async ({ params, actor }) => {
      const request = found(await findRequest(db, params.id), `approval request ${params.id}`);
      await db.transaction().execute((tx) => revokeApprovals(tx, request, actor.name, clock.now()));
      feed.wake();
      return one(params.id);
    },
  });

  api.post('/approvals/:id/refuse', {
    schema: {
      operationId: 'refuse',
      tags: ['replacements'],
      summary: 'Say no, and why: every approval is taken back, and whoever approves it later has read that',
      params: identified,
      body: Reason,
      response: answers(ApprovalRequest, 'The request.'),
    },
    handler: async ({ params, body, actor }) => {
      const request = found(await findRequest(db, params.id), `approval request ${params.id}`);
      const said = { actor: actor.name, reason: body.reason };
      await db.transaction().execute((tx) => refuseRequest(tx, request, said, clock.now()));
      feed.wake();
      return one(params.id);
    },
  });
}
