import type { Liveness } from '../../shared/api.ts';
import { silentAfterMs } from '../../shared/protocol.ts';

/**
 * `absent` is a machine that the provider has and no agent ever spoke for. Otherwise silence is counted from when it was
 * last heard, or from when this server began to listen or woke from a pause, if that is later: neither flags anybody. All
 * in milliseconds of one clock. What a process before this one has heard is older than its start, and counts for nothing.
 */
export function livenessOf(
  instance: { readonly heardAt: number | undefined } | undefined,
  server: { readonly readyAt: number; readonly now: number },
): Liveness {
  if (instance === undefined) return 'absent';
  const since = Math.max(instance.heardAt ?? server.readyAt, server.readyAt);
  return server.now - since <= silentAfterMs ? 'online' : 'silent';
}
