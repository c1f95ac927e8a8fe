import type { GroupView } from '../../../shared/api.ts';
import type { Promotion } from '../../../shared/api-promotions.ts';
import type { Context } from '../context.ts';

type Options = Readonly<Record<string, string | number | boolean | undefined>>;

const pathOf = (group: unknown) => `groups/${encodeURIComponent(String(group))}`;

export async function promote(context: Context, [image = '']: readonly string[], options: Options): Promise<void> {
  const { group, channel, force, reason } = options;
  const body = { image, channel, force, reason };
  tell(context, await context.remote.post<GroupView>(`${pathOf(group)}/images:promote`, body));
}

export async function rollback(context: Context, _args: readonly string[], options: Options): Promise<void> {
  const { group, reason } = options;
  tell(context, await context.remote.post<GroupView>(`${pathOf(group)}/images:rollback`, { reason }));
}

export async function resume(context: Context, [image = '']: readonly string[], options: Options): Promise<void> {
  const { group, reason } = options;
  tell(context, await context.remote.post<GroupView>(`${pathOf(group)}/images:resume`, { image, reason }));
}

export async function promotions({ remote, out, json }: Context, _args: readonly string[], { group }: Options) {
  const page = await remote.list<Promotion>(`${pathOf(group)}/promotions`);
  if (json) return out.json(page);
  out.table(
    ['AT', 'CHANNEL', 'IMAGE', 'BEFORE', 'HOW', 'BY', 'REASON'],
    page.items.map((one) => [one.at, one.channel, one.image, one.previous, one.how, one.actor, one.reason]),
  );
}

function tell({ out, json }: Context, view: GroupView): void {
  if (json) return void out.json(view);
  const { name, images } = view.group;
  for (const [channel, image] of Object.entries(images)) out.line(`${name}: ${channel} is ${image}`);
  if (view.rollsBackTo !== null) {
    out.line(`\`pristinectl images rollback --group ${name}\` goes back to ${view.rollsBackTo}.`);
  }
  out.line('Write it into the file that you apply: applying the old one promotes what it says.');
}
