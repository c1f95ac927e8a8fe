import { z } from 'zod';
import { GroupView, Launched, LaunchInstances, PlanView, Reason } from '../../../shared/api.ts';
import { SpecVersion } from '../../../shared/api-policies.ts';
import { timestamp } from '../../../shared/clock.ts';
import { readGroup, resetBreaker } from '../../store/group-store.ts';
import { findGroup, listGroups } from '../../store/views/groups-view.ts';
import { listVersions } from '../../store/views/versions-view.ts';
import { answers, answersPage, found, pageQuery } from '../schema.ts';
import type { Api, Services } from '../services.ts';
import { sightOf } from '../sight.ts';

const named = z.object({ name: z.string() });

export function groupRoutes(api: Api, services: Services): void {
  api.get('/groups', {
    schema: {
      operationId: 'listGroups',
      tags: ['groups'],
      summary: 'Groups with the states of their instances',
      querystring: z.strictObject(pageQuery),
      response: answersPage(GroupView, 'Groups.'),
    },
    handler: (request) => listGroups(services.db, request.query, sightOf(services)),
  });

  api.get('/groups/:name', {
    schema: {
      operationId: 'getGroup',
      tags: ['groups'],
      summary: 'One group',
      params: named,
      response: answers(GroupView, 'The group.'),
    },
    handler: async ({ params }) =>
      found(await findGroup(services.db, params.name, sightOf(services)), `group ${params.name}`),
  });

  api.get('/groups/:name/versions', {
    schema: {
      operationId: 'listGroupVersions',
      tags: ['groups'],
      summary: 'Every version of a group, newest first: who declared it, when, and the document',
      params: named,
      querystring: z.strictObject(pageQuery),
      response: answersPage(SpecVersion, 'Versions.'),
    },
    handler: async ({ params, query }) => {
      found(await readGroup(services.db, params.name), `group ${params.name}`);
      return listVersions(services.db, 'Group', params.name, query);
    },
  });

  api.get('/groups/:name/plan', {
    schema: {
      operationId: 'getPlan',
      tags: ['replacements'],
      summary: 'What would be replaced now, and why the rest is not',
      params: named,
      response: answers(PlanView, 'The plan.'),
    },
    handler: async ({ params }) => {
      found(await readGroup(services.db, params.name), `group ${params.name}`);
      return services.plan(params.name);
    },
  });

  api.post('/groups/:name/launch', {
    schema: {
      operationId: 'launchInstances',
      tags: ['groups'],
      summary: 'Launch instances of the group’s stable image; the same key launches once',
      params: named,
      body: LaunchInstances,
      response: answers(Launched, 'The machines that this key has.'),
    },
    handler: async ({ params, body, actor }) => {
      found(await readGroup(services.db, params.name), `group ${params.name}`);
      return { providerIds: [...(await services.launch(params.name, body, actor.name)).providerIds] };
    },
  });

  api.post('/groups/:name/breaker::reset', {
    schema: {
      operationId: 'resetBreaker',
      tags: ['groups'],
      summary: 'Let replacing go on after a breaker tripped',
      params: named,
      body: Reason,
      response: answers(GroupView, 'The group.'),
    },
    handler: async ({ params, body, actor }) => {
      const at = timestamp(services.clock.now());
      await services.db.transaction().execute((tx) => resetBreaker(tx, params.name, body.reason, at, actor.name));
      services.feed.wake();
      return found(await findGroup(services.db, params.name, sightOf(services)), `group ${params.name}`);
    },
  });
}
