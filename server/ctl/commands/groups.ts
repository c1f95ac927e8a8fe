import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import type { GroupView, Launched, PlanView } from '../../../shared/api.ts';
import { imageRef } from '../../../shared/image.ts';
import type { Context } from '../context.ts';
import type { Cell } from '../output.ts';
import { pairsCell } from '../words.ts';
import { holdsCell } from './holds.ts';

const pathOf = (name: string) => `groups/${encodeURIComponent(name)}`;

export async function list({ remote, out, json }: Context): Promise<void> {
  const page = await remote.list<GroupView>('groups');
  if (json) return out.json(page);
  out.table(
    ['GROUP', 'SIZE', 'IN SYNC', 'DRIFTED', 'UNVERIFIABLE', 'TAINTED', 'REPLACING', 'BREAKER', 'HELD'],
    page.items.map((view) => [
      view.group.name,
      view.size,
      view.content.in_sync,
      counted(view.content.drifted, 'bad'),
      counted(view.content.unverifiable, 'warn'),
      counted(view.tainted, 'bad'),
      view.replacing,
      breakerCell(view),
      holdsCell(view.holds),
    ]),
  );
}

export async function get(context: Context, [name = '']: readonly string[]): Promise<void> {
  show(context, await context.remote.get<GroupView>(pathOf(name)));
}

function show({ out, json }: Context, view: GroupView): void {
  if (json) return void out.json(view);
  const { content, group } = view;
  out.facts([
    ['group', group.name],
    ['version', `${view.version}, of ${view.updatedAt}`],
    ['provider', group.provider.type],
    ['images', pairsCell(group.images)],
    ['promoted', view.promotion && `${view.promotion.at}, by ${view.promotion.actor}`],
    ['rolls back to', view.rollsBackTo],
    ...view.rollouts.map((one) => ['rollout', rolloutCell(one)] as const),
    ['labels', pairsCell(group.labels)],
    ['stateless', String(group.stateless)],
    ['size', view.size],
    ['content', `${content.in_sync} in sync, ${content.drifted} drifted, ${content.unverifiable} unverifiable`],
    ['tainted', view.tainted],
    ['replacing', view.replacing],
    ['breaker', breakerCell(view)],
    ['held', holdsCell(view.holds)],
  ]);
}

export async function plan({ remote, out, json }: Context, [name = '']: readonly string[]): Promise<void> {
  const view = await remote.get<PlanView>(`${pathOf(name)}/plan`);
  if (json) return out.json(view);
  if (view.commands.length + view.blocked.length === 0) return out.line('nothing to replace');
  const rows: Cell[][] = [
    ...view.commands.map((one): Cell[] => [
      one.instanceId,
      one.policy,
      one.cause.trigger,
      { text: `replace with ${imageRef(one.target)}`, tone: 'good' },
    ]),
    ...view.blocked.map((one): Cell[] => [
      one.instanceId,
      one.policy,
      one.cause.trigger,
      { text: one.blockers.map(({ kind, message }) => `${kind}: ${message}`).join('; '), tone: 'warn' },
    ]),
  ];
  out.table(['INSTANCE', 'POLICY', 'TRIGGER', 'NOW'], rows);
}

export async function launch(
  { remote, out, json }: Context,
  [name = '']: readonly string[],
  options: { readonly count?: unknown; readonly key?: unknown },
): Promise<void> {
  const key = typeof options.key === 'string' ? options.key : `ctl-${randomBytes(6).toString('hex')}`;
  const launched = await remote.post<z.infer<typeof Launched>>(`${pathOf(name)}/launch`, { count: options.count, key });
  if (json) out.json(launched);
  else for (const providerId of launched.providerIds) out.line(providerId);
}

export async function resetBreaker(
  context: Context,
  [name = '']: readonly string[],
  { reason }: { readonly reason?: unknown },
): Promise<void> {
  show(context, await context.remote.post<GroupView>(`${pathOf(name)}/breaker:reset`, { reason }));
}

function counted(count: number, tone: 'bad' | 'warn'): Cell {
  return count === 0 ? 0 : { text: String(count), tone };
}

function breakerCell({ breaker }: GroupView): Cell {
  return breaker === null ? null : { text: `open since ${breaker.trippedAt}: ${breaker.cause}`, tone: 'bad' };
}

function rolloutCell({ image, startedAt, soakedAt, paused }: GroupView['rollouts'][number]): Cell {
  if (paused !== null) return { text: `${image} is paused since ${paused.at}: ${paused.cause}`, tone: 'bad' };
  return `${image} since ${startedAt}, ${soakedAt === null ? 'its canaries come first' : `free since ${soakedAt}`}`;
}
