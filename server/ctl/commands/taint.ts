import type { Instance } from '../../../shared/api.ts';
import type { Context } from '../context.ts';
import { show } from './instances.ts';

export async function pardon(
  context: Context,
  [id = '']: readonly string[],
  { reason }: { readonly reason?: unknown },
): Promise<void> {
  show(context, await context.remote.post<Instance>(`instances/${encodeURIComponent(id)}/pardon`, { reason }));
}
