import { z } from 'zod';
import type { Instance, ReplacementView } from '../../../shared/api.ts';
import { type PolicyAnswer, Why } from '../../../shared/api-foresight.ts';
import { blockerAdvice } from '../../../shared/blocker-text.ts';
import { findInstance } from '../../store/views/instances-view.ts';
import { replacementsAbout } from '../../store/views/replacements-view.ts';
import { answers, found } from '../schema.ts';
import type { Api, Services } from '../services.ts';
import { sightOf } from '../sight.ts';

export function whyRoutes(api: Api, services: Services): void {
  api.get('/instances/:id/why', {
    schema: {
      operationId: 'explainInstance',
      tags: ['replacements'],
      summary: 'Why an instance is replaced, or why it is not',
      params: z.object({ id: z.string() }),
      response: answers(Why, 'One answer, with all that it rests on.'),
    },
    handler: async ({ params }) => {
      const instance = found(await findInstance(services.db, params.id, sightOf(services)), `instance ${params.id}`);
      const { computedAt, policies } = await services.why(instance.id);
      const { underWay, lastFailure } = await replacementsAbout(services.db, instance.id);
      const said = { instance, policies: [...policies], underWay, lastFailure };
      return { computedAt, answer: answerOf(said), ...said, next: nextOf(said) };
    },
  });
}

type Said = Pick<Why, 'instance' | 'policies' | 'underWay' | 'lastFailure'>;

function answerOf({ instance, policies, underWay }: Said): string {
  const { lifecycle } = instance;
  if (underWay !== null) return underWayText(instance, underWay);
  if (lifecycle === 'retired') return 'It is retired: nothing is to be done about it any more.';
  if (lifecycle !== 'active') return `It is ${lifecycle}, and only what is active is replaced.`;
  if (policies.length === 0) return `It is not replaced: no policy selects it (group ${instance.group}).`;
  const starting = policies.find(({ decision }) => decision === 'starts');
  if (starting !== undefined) return `It is replaced at the next pass, by policy ${starting.policy}.`;
  const held = policies.filter(({ decision }) => decision === 'held');
  if (held.length === 0) return `It is not replaced: ${notWanted(policies)}.`;
  const kinds = [...new Set(held.flatMap(({ blockers }) => blockers.map(({ kind }) => kind)))];
  return `It is to be replaced, and held back now by: ${kinds.join(', ')}.`;
}

function underWayText(instance: Instance, { id, state, oldInstanceId }: ReplacementView): string {
  const what = oldInstanceId === instance.id ? 'It is being replaced' : `It was launched to replace ${oldInstanceId}`;
  return `${what}: ${state}, by replacement ${id}.`;
}

function notWanted(policies: readonly PolicyAnswer[]): string {
  const [only, ...more] = policies.flatMap(({ policy, triggers }) => triggers.map(({ why }) => ({ policy, why })));
  if (only === undefined)
    return `the policies that select it have no trigger (${policies.map(({ policy }) => policy).join(', ')})`;
  return more.length === 0 ? only.why : `no trigger of ${policies.map(({ policy }) => policy).join(', ')} fires`;
}

function nextOf({ instance, policies, underWay, lastFailure }: Said): string[] {
  const about = { group: instance.group, instance: instance.id };
  const advice = policies.flatMap(({ policy, blockers }) =>
    blockers.flatMap((blocker) => blockerAdvice(blocker, { ...about, policy }) ?? []),
  );
  const of = underWay ?? lastFailure;
  return [...new Set([...advice, ...(of === null ? [] : [`pristinectl replacements get ${of.id}`])])];
}
