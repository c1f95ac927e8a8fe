import type { ReplacementState } from '../../shared/api.ts';
import type { Policy } from '../../shared/policy.ts';
import type { View } from './view.ts';

/** Of the invariants those about what people decided: from their rows alone. */

type Decisions = View['decisions'];

interface Replaced {
  readonly id: string;
  readonly state: string;
  readonly path: readonly ReplacementState[];
  readonly attempts: number;
  readonly group_name: string;
  readonly policy: string;
  readonly policy_version: number;
  readonly approval: string | null;
  readonly cause: string;
  readonly shapes: string;
  readonly target_digest: string;
  readonly old_instance_id: string;
  readonly created_at: string;
}

interface Fleet {
  readonly now: number;
  readonly decisions: Decisions;
  readonly replacements: readonly Replaced[];
  readonly policies: readonly Policy[];
}

/** From before the step to its end. */
function holdsOver(was: Fleet, is: Fleet) {
  return was.decisions.holds.filter(({ expires_at: at }) => at === null || Date.parse(at) > is.now);
}

export function isHeld(one: Replaced, was: Fleet, is: Fleet): boolean {
  const on = ['all ', `group ${one.group_name}`, `instance ${one.old_instance_id}`];
  return holdsOver(was, is).some(({ scope, target }) => on.includes(`${scope} ${target ?? ''}`));
}

/** What lacks of the yes that it needed at the beginning of the step; undefined where nothing does. */
export function lackOf(one: Replaced, was: Fleet, is: Fleet, acting: readonly Policy[]): string | undefined {
  const { requests, approvals, versions } = was.decisions;
  const needed = Math.max(0, ...acting.map(({ approval }) => (approval?.required ? approval.count : 0)));
  if (needed === 0) return undefined;
  const request = requests.find(({ id }) => id === one.approval);
  if (request === undefined) return 'nobody was asked';
  const asked = JSON.parse(request.cause);
  const cause = JSON.parse(one.cause);
  if (request.policy !== one.policy || request.policy_version !== one.policy_version)
    return 'it was for another policy';
  if (request.target_digest !== one.target_digest) return 'it was for another image';
  if (asked.trigger !== cause.trigger || asked.severity !== cause.severity) return 'it was for another cause';
  if (asked.shapes !== undefined && `${asked.shapes}` !== `${JSON.parse(one.shapes).toSorted()}`)
    return 'it was for another drift';
  const latest = Math.max(...versions.filter(isOfPolicy).map(({ version }) => version));
  if (latest !== one.policy_version) return 'it was for another version';
  const author = versions.find((row) => isOfPolicy(row) && row.version === one.policy_version)?.actor;
  const good = approvals.filter((each) => {
    const begun = is.replacements.filter(
      (other) => other.approval === request.id && other.created_at >= each.created_at && other.id !== one.id,
    );
    const used = new Set([one.old_instance_id, ...begun.map((other) => other.old_instance_id)]);
    const isOpen = Date.parse(each.expires_at) > was.now && used.size <= each.instances_max;
    return each.request_id === request.id && each.actor !== author && isOpen;
  });
  const actors = new Set(good.map(({ actor }) => actor)).size;
  return actors >= needed ? undefined : `${actors} of ${needed} said yes`;

  function isOfPolicy({ kind, name }: Decisions['versions'][number]): boolean {
    return kind === 'Policy' && name === one.policy;
  }
}

/** While everything is held nothing moves, and no call is made: but for what had not begun, which is given up. */
export function movedWhileStopped(was: Fleet, is: Fleet): string[] {
  if (!holdsOver(was, is).some(({ scope }) => scope === 'all')) return [];
  const now = new Map(is.replacements.map((one) => [one.id, one]));
  return was.replacements.flatMap((one) => {
    const after = now.get(one.id)!;
    const isSame = after.path.length === one.path.length && after.attempts === one.attempts;
    const isGivenUp = one.state === 'reserved' && after.state === 'failed';
    return isSame || isGivenUp
      ? []
      : [`replacement ${one.id} went from ${one.state} to ${after.state} while everything is held`];
  });
}
