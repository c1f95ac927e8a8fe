import { z } from 'zod';
import { Asked, Instance, InstanceFinding, Lifecycle, Reason } from '../../../shared/api.ts';
import { AbsentMachine } from '../../../shared/api-absent.ts';
import { timestamp } from '../../../shared/clock.ts';
import { CodedError } from '../../../shared/errors.ts';
import { Verdict } from '../../../shared/verdict.ts';
import { acceptClaimant } from '../../fleet/claimants.ts';
import type { Decision } from '../../fleet/decision.ts';
import { trust } from '../../fleet/doubts.ts';
import { pardon } from '../../fleet/pardon.ts';
import { retire } from '../../fleet/retire.ts';
import { revokeKey } from '../../fleet/revoke-key.ts';
import type { Db } from '../../store/database.ts';
import { appendEvent } from '../../store/event-store.ts';
import { listAbsentMachines } from '../../store/views/absent-machines-view.ts';
import { listFindings } from '../../store/views/findings-view.ts';
import { findInstance, listInstances } from '../../store/views/instances-view.ts';
import { answers, answersPage, flag, found, pageQuery } from '../schema.ts';
import type { Api, Services } from '../services.ts';
import { sightOf } from '../sight.ts';

const identified = z.object({ id: z.string() });

export function instanceRoutes(api: Api, services: Services): void {
  const instance = async (id: string) =>
    found(await findInstance(services.db, id, sightOf(services)), `instance ${id}`);

  api.get('/instances', {
    schema: {
      operationId: 'listInstances',
      tags: ['instances'],
      summary: 'Instances, oldest first; retired ones only when asked for',
      querystring: z.strictObject({
        group: z.string().optional(),
        content: Verdict.optional(),
        lifecycle: Lifecycle.optional(),
        all: flag('retired ones too'),
        ...pageQuery,
      }),
      response: answersPage(Instance, 'Instances.'),
    },
    handler: (request) => listInstances(services.db, request.query, sightOf(services)),
  });

  api.get('/absent-machines', {
    schema: {
      operationId: 'listAbsentMachines',
      tags: ['instances'],
      summary: 'Machines that providers have and no agent ever enrolled from: nothing is replaced for them',
      querystring: z.strictObject({ group: z.string().optional(), ...pageQuery }),
      response: answersPage(AbsentMachine, 'Machines.'),
    },
    handler: ({ query }) => listAbsentMachines(services.db, query),
  });

  api.get('/instances/:id', {
    schema: {
      operationId: 'getInstance',
      tags: ['instances'],
      summary: 'One instance',
      params: identified,
      response: answers(Instance, 'The instance.'),
    },
    handler: ({ params }) => instance(params.id),
  });

  api.get('/instances/:id/findings', {
    schema: {
      operationId: 'listFindings',
      tags: ['instances'],
      summary: 'The findings of an instance, by subject and name',
      params: identified,
      querystring: z.strictObject({ open: flag('only open ones, or only closed ones'), ...pageQuery }),
      response: answersPage(InstanceFinding, 'Findings.'),
    },
    handler: async ({ params, query }) => {
      await instance(params.id);
      return listFindings(services.db, params.id, query);
    },
  });

  const decide = (
    name: 'pardon' | 'trust' | 'accept' | 'revoke-key' | 'retire',
    operationId: string,
    summary: string,
    write: (db: Db, asked: Decision, now: number) => Promise<void>,
  ) =>
    api.post(`/instances/:id/${name}`, {
      schema: {
        ...{ operationId, tags: ['instances'], summary, params: identified, body: Reason },
        response: answers(Instance, 'The instance.'),
      },
      handler: async ({ params, body, actor }) => {
        const decision = { instanceId: params.id, reason: body.reason, actor: actor.name };
        await write(services.db, decision, services.clock.now());
        services.feed.wake();
        return instance(params.id);
      },
    });
  decide('pardon', 'pardonTaint', 'Lift the taint of an instance; what is still open stays open', pardon);
  decide('trust', 'trustInstance', 'End the doubt which machine an instance is; what is open stays open', trust);
  decide('revoke-key', 'revokeKey', 'Let the key of an instance open no connection any more, for ever', revokeKey);
  decide('retire', 'retireInstance', 'Say that an instance is no more; its machine is not touched', retire);
  decide(
    'accept',
    'acceptClaimant',
    'Of those that claim one machine, say which one is it; the others are retired',
    acceptClaimant,
  );

  const ask = (name: 'scan' | 'rotate-key', operationId: string, summary: string, send: (id: string) => boolean) =>
    api.post(`/instances/:id/${name}`, {
      schema: {
        ...{ operationId, tags: ['instances'], summary, params: identified },
        response: answers(Asked, 'Asked; the agent does it in its own time.'),
      },
      handler: async ({ params, actor }) => {
        const { id, group: groupName, lifecycle } = await instance(params.id);
        if (!send(id)) {
          const why = lifecycle === 'retired' ? 'retired' : 'not connected';
          throw new CodedError('CONFLICT', `instance ${id} is ${why}`);
        }
        const at = timestamp(services.clock.now());
        const event = { at, type: 'instance.asked' as const, groupName, instanceId: id };
        await appendEvent(services.db, { ...event, data: { for: name, actor: actor.name } });
        services.feed.wake();
        return { instanceId: id, asked: true as const };
      },
    });
  ask('scan', 'askForScan', 'Ask the agent for a sweep', (id) => services.gateway.requestScan(id));
  ask('rotate-key', 'askForKey', 'Ask the agent for another key, which takes the place of this one', (id) =>
    services.gateway.requestKey(id),
  );
}
