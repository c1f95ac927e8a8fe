import type { Blocker } from '../../shared/api.ts';
import type { Group } from '../../shared/policy.ts';

/** What a group has that no new instance would have, or that we stand on ourselves; undefined where it has none. */
export function keepsOf({ name, holds = [], runs }: Group): Pick<Blocker, 'kind' | 'message'> | undefined {
  if (runs !== undefined)
    return {
      kind: 'runs-pristine',
      message: `group ${name} runs Pristine itself: replace its instances by hand, one at a time`,
    };
  if (holds.length === 0) return undefined;
  return {
    kind: 'holds-state',
    message: `group ${name} holds ${holds.join(' and ')}, which would be lost with an instance`,
  };
}
