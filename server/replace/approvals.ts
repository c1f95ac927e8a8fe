import type { Blocker } from '../../shared/api.ts';
import type { ApprovedCause } from '../../shared/api-approvals.ts';
import type { Image } from '../../shared/image.ts';
import { imageRef } from '../../shared/image.ts';
import type { Policy } from '../../shared/policy.ts';
import { Severity } from '../../shared/severity.ts';
import { approvalRuleOf, consentingTo } from '../fleet/approval.ts';
import { type Binding, requestIdOf } from '../store/approval-store.ts';
import type { Replacement } from '../store/replacement-store.ts';
import type { Candidate } from './candidates.ts';
import { shapesOf } from './shape.ts';
import type { FleetSnapshot } from './snapshot.ts';
import type { World } from './world.ts';

/** Whose yes a replacement needs, while one plan is made. */
export interface ApprovalDesk {
  /** Why it must wait for a person; empty where somebody said yes, or nobody is asked. */
  blockersOf(candidate: Candidate, acting: readonly Policy[], target: Image): readonly Blocker[];
  /** Takes one of the instances that a yes is good for. Answers by which request; null where nobody is asked. */
  reserve(candidate: Candidate, acting: readonly Policy[], target: Image): string | null;
  /** What people must be asked, if nobody has done so. */
  requests(): readonly Binding[];
}

/** At one plan. The others come up at later ones, once these are there. */
const requestsMax = 100;

export function openApprovals({ consents }: FleetSnapshot, now: number): ApprovalDesk {
  const reserved = new Map<string, Set<string>>();
  const requests = new Map<string, Binding>();
  return {
    blockersOf(candidate, acting, target) {
      const rule = approvalRuleOf(acting);
      if (rule === null) return [];
      const binding = bindingOf(candidate, target);
      const id = requestIdOf(binding);
      const given = consentingTo(consents.get(id), candidate.instance.id, now, reserved.get(id)).size;
      if (given >= rule.count) return [];
      // While a policy only observes, or drift has yet to settle, nobody needs to decide anything.
      if (candidate.policy.mode === 'enforce' && candidate.isSettled && requests.size < requestsMax)
        requests.set(id, binding);
      const people = rule.count === 1 ? 'a person' : `${rule.count} people`;
      const so = given === 0 ? '' : `, and ${given} did`;
      const message = `policy ${rule.of}: ${people} must approve it${so}: pristinectl approve ${id} --instances 1 --reason …`;
      return [{ kind: 'approval', message, until: null }];
    },
    reserve(candidate, acting, target) {
      if (approvalRuleOf(acting) === null) return null;
      const id = requestIdOf(bindingOf(candidate, target));
      reserved.set(id, (reserved.get(id) ?? new Set()).add(candidate.instance.id));
      return id;
    },
    requests: () => [...requests.values()],
  };
}

function bindingOf({ policy, version, group, cause, instance }: Candidate, target: Image): Binding {
  const about = { group: group.group.name, policy: policy.name, policyVersion: version };
  return { ...about, cause: approvedCause(cause, shapesOf(instance.drifts)), targetDigest: target.digest };
}

/** Without what is each instance's own. */
function approvedCause(cause: Candidate['cause'], shapes: readonly string[]): ApprovedCause {
  switch (cause.trigger) {
    case 'drift':
      return { trigger: 'drift', severity: Severity.parse(cause.severity), shapes: shapes.toSorted() };
    case 'outdated':
      return { trigger: 'outdated', from: cause.from };
    case 'age':
      return { trigger: 'age', olderThan: cause.olderThan };
    case 'silence':
      return { trigger: 'silence', silent: cause.silent };
    case 'unverifiable':
      return { trigger: 'unverifiable', unverifiable: cause.unverifiable };
    case 'manual':
      return { trigger: 'manual', by: cause.by, reason: cause.reason };
    default:
      return cause satisfies never;
  }
}

/** Why what people said does not carry a replacement any further; undefined where it does, or nobody is asked. Pure. */
export function lackOfApproval(replacement: Replacement, world: World, now: number): string | undefined {
  const rule = approvalRuleOf(world.acting);
  if (rule === null) return undefined;
  const { approval, policy, policyVersion, oldInstanceId } = replacement;
  if (approval === null) return `policy ${rule.of} asks for an approval now, and it has none`;
  if (world.policyVersion !== policyVersion)
    return `its approval was for version ${policyVersion} of policy ${policy}, which is at ${world.policyVersion} now`;
  const { target, group } = world;
  if (target === null || !Object.values(group?.images ?? {}).includes(imageRef(target)))
    return 'its approval was for an image that is not promoted any more';
  const given = consentingTo(world.consent ?? undefined, oldInstanceId, now).size;
  return given >= rule.count ? undefined : `its approval was revoked or is over: ${rule.count} needed, ${given} there`;
}
