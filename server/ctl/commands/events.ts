import type { FleetEvent } from '../../../shared/api.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { Context } from '../context.ts';

const reconnectMs = 2_000;

/**
 * Without --follow: what the server still keeps, newest last. With it: what happens from now, across its restarts.
 * As JSON one event a line, since a stream has no end to close a bracket at.
 */
export async function events(
  { remote, out, json }: Context,
  _args: readonly string[],
  { follow, after }: { readonly follow?: unknown; readonly after?: unknown },
): Promise<void> {
  let last = typeof after === 'number' ? after : follow === true ? undefined : 0;
  for (;;) {
    for await (const event of remote.events({ after: last })) {
      if (event === 'caught-up') {
        if (follow !== true) return;
        continue;
      }
      last = event.id;
      if (json) out.jsonLine(event);
      else out.line(sentenceOf(event));
    }
    if (follow !== true) return;
    await systemClock.sleep(reconnectMs);
  }
}

function sentenceOf({ at, type, group, instanceId, replacementId, data }: FleetEvent): string {
  const about = [group, instanceId, replacementId].filter((part) => part !== null).join(' ');
  const details = Object.entries(data).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [at, type.padEnd(20), about, ...details].join('  ');
}
