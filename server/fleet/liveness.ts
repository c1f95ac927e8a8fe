import type { Liveness } from '../../shared/api.ts';
import { reconnectMsMax, silentAfterMs } from '../../shared/protocol.ts';

/**
 * `absent` is a machine that the provider has and no agent ever spoke for. Otherwise silence is counted from the latest
 * of what was heard in memory, what was stored, and the start of this server: a restart flags nobody, and an agent that has
 * tried in vain for an hour tries again only after a while. All in milliseconds since the epoch.
 */
export function livenessOf(
  instance: { readonly heardAt: number | undefined; readonly lastSeenAt: number } | undefined,
  server: { readonly readyAt: number; readonly now: number },
): Liveness {
  if (instance === undefined) return 'absent';
  const heardAt = instance.heardAt ?? server.readyAt + reconnectMsMax;
  const since = Math.max(heardAt, instance.lastSeenAt, server.readyAt);
  return server.now - since <= silentAfterMs ? 'online' : 'silent';
}
