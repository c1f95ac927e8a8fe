import type { Liveness } from '../../shared/api.ts';
import { silentAfterMs } from '../../shared/protocol.ts';

/**
 * `absent` is a machine that the provider has and no agent ever spoke for. Otherwise silence is counted from the latest
 * of what was heard in memory, what was stored, and the start of this server: a restart flags nobody. All in
 * milliseconds since the epoch.
 */
export function livenessOf(
  instance: { readonly heardAt: number | undefined; readonly lastSeenAt: number } | undefined,
  server: { readonly readyAt: number; readonly now: number },
): Liveness {
  if (instance === undefined) return 'absent';
  const since = Math.max(instance.heardAt ?? 0, instance.lastSeenAt, server.readyAt);
  return server.now - since <= silentAfterMs ? 'online' : 'silent';
}
