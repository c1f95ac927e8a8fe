import type { Liveness } from '../../shared/api.ts';
import { reconnectMsMax, silentAfterMs } from '../../shared/protocol.ts';

/**
 * `absent` is a machine that the provider has and no agent ever spoke for. Otherwise silence is counted from when it was
 * last heard, if that is since this server began to listen or woke from a pause. Else from then on and with the time that an
 * agent takes which has tried in vain for an hour: neither flags anybody. All in milliseconds of one clock. What a process
 * before this one has heard is older than its start, and counts for nothing.
 */
export function livenessOf(
  instance: { readonly heardAt: number | undefined } | undefined,
  server: { readonly readyAt: number; readonly now: number },
): Liveness {
  if (instance === undefined) return 'absent';
  const { heardAt = Number.NEGATIVE_INFINITY } = instance;
  const since = heardAt >= server.readyAt ? heardAt : server.readyAt + reconnectMsMax;
  return server.now - since <= silentAfterMs ? 'online' : 'silent';
}
