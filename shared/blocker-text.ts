import type { Blocker } from './api.ts';

export interface About {
  readonly policy: string;
  readonly group: string;
  readonly instance: string;
}

const waits = 'nothing: it passes by itself';

/** What a person can do about it; undefined where its message is all there is to say. */
export function blockerAdvice({ kind, until }: Blocker, { policy, group, instance }: About): string | undefined {
  switch (kind) {
    case 'hold':
      return 'ask who holds it, or lift it: pristinectl holds list';
    case 'approval':
      return 'have it approved: pristinectl approvals list';
    case 'observe':
      return `set \`mode: enforce\` in policy ${policy} and apply it; see what it would do first: pristinectl policies simulate -f FILE`;
    case 'breaker':
      return `find out why so much drifts alike, then: pristinectl groups reset-breaker ${group} --reason …`;
    case 'no-target':
      return `promote an image that was pushed: \`images: {stable: NAME@VERSION}\` of group ${group}`;
    case 'template':
      return `have the provider of group ${group} launch the promoted image: mend its template, or promote what it launches`;
    case 'stale-evidence':
      return `ask its agent for a sweep: pristinectl instances scan ${instance}`;
    case 'in-doubt':
      return `look which machine it is, then: pristinectl instances trust ${instance} --reason …`;
    case 'not-stateless':
      return `declare \`stateless: true\` of group ${group}, if nothing on its disks matters`;
    case 'provider':
      return `see whether the provider of group ${group} answers, and lists this machine`;
    case 'server-away':
      return 'wait for the fleet to report, and retire instances that will not come back';
    case 'budget':
    case 'fleet-budget':
    case 'first-runs':
      return 'wait for those that are unavailable or under way: pristinectl replacements list --active';
    case 'retry-backoff':
      return `see why the last ones failed: pristinectl replacements list --group ${group}`;
    case 'retries-spent':
      return `see why its replacements failed (pristinectl replacements list --group ${group}), then: pristinectl replacements retry ID --reason …`;
    case 'quarantine-full':
      return `look at what is kept and release it: pristinectl quarantine list --group ${group}`;
    case 'rollout-paused':
      return `find out why its replacements fare worse, then: pristinectl images resume, or images rollback --group ${group}`;
    default:
      return until === null ? undefined : waits;
  }
}
