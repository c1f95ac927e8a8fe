import type { Hold } from '../../../shared/api-holds.ts';
import { CodedError } from '../../../shared/errors.ts';
import type { Context } from '../context.ts';
import type { Cell } from '../output.ts';
import { wantedId } from '../wanted-id.ts';
import { instancePath } from './instances.ts';

interface PlaceOptions {
  readonly reason?: unknown;
  readonly for?: unknown;
}

export function place(scope: Hold['scope']) {
  return async (context: Context, [wanted = '']: readonly string[], options: PlaceOptions): Promise<void> => {
    const { remote, out, json } = context;
    if (scope !== 'all' && options.for === undefined) {
      throw new CodedError('USAGE', '--for: expected how long, such as 2h, at most 90d: a hold must come to its end');
    }
    const target = await targetOf(context, scope, wanted);
    const hold = await remote.post<Hold>('holds', { scope, target, reason: options.reason, for: options.for });
    if (json) return out.json(hold);
    const { id, expiresAt } = hold;
    const until = expiresAt === null ? 'until it is lifted' : `until ${expiresAt}`;
    out.line(scope === 'all' ? `Everything is stopped ${until}.` : `${placeText(hold)} is held ${until}.`);
    out.line(`To lift it: pristinectl holds lift ${id}`);
  };
}

async function targetOf(context: Context, scope: Hold['scope'], wanted: string): Promise<string | undefined> {
  if (scope === 'all') return undefined;
  if (scope === 'group') return wanted;
  return decodeURIComponent((await instancePath(context, wanted)).slice('instances/'.length));
}

export async function list(
  { remote, out, json }: Context,
  _args: readonly string[],
  { all }: { readonly all?: unknown },
) {
  const page = await remote.list<Hold>('holds', all === true ? { all: true } : {});
  if (json) return out.json(page);
  if (page.items.length === 0) return out.line('nothing is held');
  out.table(
    ['ID', 'ON', 'BY', 'SINCE', 'UNTIL', 'LIFTED', 'REASON'],
    page.items.map((hold) => [
      hold.id,
      placeText(hold),
      hold.author,
      hold.createdAt,
      hold.expiresAt ?? 'it is lifted',
      hold.liftedAt === null ? null : `${hold.liftedAt} by ${hold.liftedBy}`,
      hold.reason,
    ]),
  );
}

export async function lift({ remote, out, json }: Context, [wanted = '']: readonly string[]): Promise<void> {
  const id = await wantedId(wanted, 'hold', async () => (await remote.list<Hold>('holds')).items);
  const hold = await remote.post<Hold>(`holds/${encodeURIComponent(id)}/lift`);
  if (json) out.json(hold);
  else out.line(`${placeText(hold)} is not held any more by ${hold.author}`);
}

function placeText({ scope, target }: Pick<Hold, 'scope' | 'target'>): string {
  return scope === 'all' ? 'everything' : `${scope} ${target}`;
}

/** Of a group: each as a cell, what stops all first. */
export function holdsCell(holds: readonly Hold[]): Cell {
  const texts = holds.map(
    (hold) => `${placeText(hold)} by ${hold.author} until ${hold.expiresAt ?? 'it is lifted'}: ${hold.reason}`,
  );
  return texts.length === 0 ? null : { text: texts.join('; '), tone: 'warn' };
}
