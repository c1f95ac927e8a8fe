import type { Liveness } from '../../shared/api.ts';
import { reconnectMsMax, silentAfterMs } from '../../shared/protocol.ts';

/**
 * `absent`: the provider has the machine, and no agent ever spoke for it. Who was heard since `awakeAt` (this server started, or
 * woke from a pause) is silent `silentAfterMs` after that. Who was not may have tried in vain for an hour, and tries again only
 * after `reconnectMsMax`: it is silent that much later, counted from `awakeAt`, so that neither a restart nor a pause flags
 * anybody. All in milliseconds of one clock.
 */
export function livenessOf(
  instance: { readonly heardAt: number | undefined } | undefined,
  server: { readonly awakeAt: number; readonly now: number },
): Liveness {
  if (instance === undefined) return 'absent';
  const { heardAt = Number.NEGATIVE_INFINITY } = instance;
  const since = heardAt >= server.awakeAt ? heardAt : server.awakeAt + reconnectMsMax;
  return server.now - since <= silentAfterMs ? 'online' : 'silent';
}
