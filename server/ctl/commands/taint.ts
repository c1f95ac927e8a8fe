import type { Instance } from '../../../shared/api.ts';
import type { Context } from '../context.ts';
import { instancePath, show } from './instances.ts';

export async function pardon(
  context: Context,
  [wanted = '']: readonly string[],
  { reason }: { readonly reason?: unknown },
): Promise<void> {
  const path = await instancePath(context, wanted);
  show(context, await context.remote.post<Instance>(`${path}/pardon`, { reason }));
}
