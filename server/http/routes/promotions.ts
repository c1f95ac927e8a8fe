import { z } from 'zod';
import { GroupView } from '../../../shared/api.ts';
import { PromoteImage, Promotion, ResumeRollout, RollBackImage } from '../../../shared/api-promotions.ts';
import { promoteImage, rollBackImage } from '../../fleet/promote.ts';
import { readGroup } from '../../store/group-store.ts';
import { resumeRollout } from '../../store/rollout-store.ts';
import { findGroup } from '../../store/views/groups-view.ts';
import { listPromotions } from '../../store/views/promotions-view.ts';
import { answers, answersPage, found, pageQuery } from '../schema.ts';
import type { Api, Services } from '../services.ts';
import { sightOf } from '../sight.ts';

const named = z.object({ name: z.string() });

export function promotionRoutes(api: Api, services: Services): void {
  const { db, clock, feed } = services;
  const group = async (name: string) => found(await findGroup(db, name, sightOf(services)), `group ${name}`);

  api.get('/groups/:name/promotions', {
    schema: {
      operationId: 'listPromotions',
      tags: ['images'],
      summary: 'Which images a group promoted, by whom and when, newest first',
      params: named,
      querystring: z.strictObject(pageQuery),
      response: answersPage(Promotion, 'Promotions.'),
    },
    handler: async ({ params, query }) => {
      found(await readGroup(db, params.name), `group ${params.name}`);
      return listPromotions(db, params.name, query);
    },
  });

  api.post('/groups/:name/images::promote', {
    schema: {
      operationId: 'promoteImage',
      tags: ['images'],
      summary: 'Have a group promote an image; what is not of a promoted image is outdated, and goes by policy',
      params: named,
      body: PromoteImage,
      response: answers(GroupView, 'The group.'),
    },
    handler: async ({ params, body, actor }) => {
      const { image, channel, force = false, reason = null } = body;
      await promoteImage(db, { group: params.name, image, channel, force, reason, actor: actor.name }, clock.now());
      feed.wake();
      return group(params.name);
    },
  });

  api.post('/groups/:name/images::rollback', {
    schema: {
      operationId: 'rollBackImage',
      tags: ['images'],
      summary: 'Promote the image that was stable before this one; instances follow by policy, under the same budgets',
      params: named,
      body: RollBackImage,
      response: answers(GroupView, 'The group.'),
    },
    handler: async ({ params, body, actor }) => {
      await rollBackImage(db, { group: params.name, reason: body.reason ?? null, actor: actor.name }, clock.now());
      feed.wake();
      return group(params.name);
    },
  });

  api.post('/groups/:name/images::resume', {
    schema: {
      operationId: 'resumeRollout',
      tags: ['images'],
      summary: 'Let the rollout of an image go on after it paused; what was bad until now counts no more',
      params: named,
      body: ResumeRollout,
      response: answers(GroupView, 'The group.'),
    },
    handler: async ({ params, body, actor }) => {
      found(await readGroup(db, params.name), `group ${params.name}`);
      await resumeRollout(db, { group: params.name, ...body, actor: actor.name }, clock.now());
      feed.wake();
      return group(params.name);
    },
  });
}
