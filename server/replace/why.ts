import type { PolicyAnswer, TriggerAnswer } from '../../shared/api-foresight.ts';
import { timestamp } from '../../shared/clock.ts';
import { durationMs } from '../../shared/duration.ts';
import { imageRef } from '../../shared/image.ts';
import { isAgeTrigger, isDriftTrigger, type Trigger } from '../../shared/policy.ts';
import { selectorIn } from '../../shared/selector.ts';
import { severityAtLeast } from '../../shared/severity.ts';
import { canariesIn, candidateOf, type VersionedPolicy } from './candidates.ts';
import { planReplacements } from './planner.ts';
import type { FleetSnapshot, GroupSnapshot, InstanceSnapshot } from './snapshot.ts';

/**
 * Of one instance: what each policy that selects it says, by the planner itself. Empty where no policy selects it, or where it is
 * in no group that was declared. Pure.
 */
export function explain(
  snapshot: FleetSnapshot,
  policies: readonly VersionedPolicy[],
  now: number,
  instanceId: string,
): readonly PolicyAnswer[] {
  const found = find(snapshot, instanceId);
  if (found === undefined) return [];
  const { group, instance } = found;
  const plan = planReplacements(snapshot, policies, now);
  const command = plan.commands.find((one) => one.instanceId === instanceId);
  const canaries = canariesIn(snapshot, policies)(group);
  return policies
    .filter(({ policy }) => selectorIn(policy.select, group.group)?.(instance))
    .map((versioned): PolicyAnswer => {
      const { policy, version } = versioned;
      const held = plan.blocked.find((one) => one.instanceId === instanceId && one.policy === policy.name);
      const triggers = policy.triggers.map((trigger) => answerOf(versioned, trigger, found, canaries, now));
      const common = { policy: policy.name, version, mode: policy.mode, triggers };
      if (command?.policy === policy.name) return { ...common, decision: 'starts', cause: command.cause, blockers: [] };
      if (held !== undefined) return { ...common, decision: 'held', cause: held.cause, blockers: [...held.blockers] };
      // The planner asks nobody else about an instance that it has taken.
      const isTaken = command !== undefined && triggers.some(({ fires }) => fires);
      return { ...common, decision: isTaken ? 'other-policy' : 'not-wanted', cause: null, blockers: [] };
    });
}

function find({ groups }: FleetSnapshot, instanceId: string) {
  for (const group of groups.values()) {
    const instance = group.instances.find(({ id }) => id === instanceId);
    if (instance !== undefined) return { group, instance };
  }
  return undefined;
}

/** Whether it fires is what the planner says of a policy that has nothing else; the sentence says on what that rests. */
function answerOf(
  { policy, version }: VersionedPolicy,
  trigger: Trigger,
  { group, instance }: { readonly group: GroupSnapshot; readonly instance: InstanceSnapshot },
  canaries: ReadonlySet<string>,
  now: number,
): TriggerAnswer {
  const reason = candidateOf({ policy: { ...policy, triggers: [trigger] }, version }, group, instance, now, canaries);
  const said = isDriftTrigger(trigger)
    ? driftWords(trigger.drift, instance)
    : isAgeTrigger(trigger)
      ? ageWords(trigger.olderThan, instance)
      : 'outdated' in trigger
        ? outdatedWords(group, instance, canaries.has(instance.id))
        : otherWords(trigger, instance);
  if (reason === undefined) return { fires: false, ...said };
  if (reason.heldUntil !== null)
    return {
      ...{ trigger: said.trigger, fires: true, until: timestamp(reason.heldUntil) },
      why: `${said.why}, which only rules find that are in force for less than an hour`,
    };
  if (!reason.isSettled)
    return {
      ...{ trigger: said.trigger, fires: true, until: timestamp(reason.settledAt) },
      why: `${said.why}, and it has not settled yet`,
    };
  return { ...said, fires: true, until: null };
}

type Words = Pick<TriggerAnswer, 'trigger' | 'why' | 'until'>;

function driftWords(
  { severity, settle }: { readonly severity: string; readonly settle: string },
  { taint, content }: InstanceSnapshot,
): Words {
  const trigger = `drift of ${severity} or more, settled for ${settle}`;
  const said = (why: string) => ({ trigger, why, until: null });
  if (taint === null)
    return said(
      content === 'drifted'
        ? 'it is drifted and not tainted: somebody pardoned it'
        : 'it is not tainted: nothing drifted',
    );
  if (!severityAtLeast(taint.severity, severity as typeof taint.severity))
    return said(`its drift is only ${taint.severity}, and this wants ${severity}`);
  return said(`it is tainted by ${taint.severity} drift since ${timestamp(taint.since)}`);
}

function otherWords(trigger: Trigger, { online, unverifiableSince, requested }: InstanceSnapshot): Words {
  const said = (what: string, why: string) => ({ trigger: what, why, until: null });
  if ('silent' in trigger)
    return said(`silent for ${trigger.silent}`, online ? 'its agent is connected' : 'its agent is silent');
  if ('unverifiable' in trigger) {
    const since = unverifiableSince === null ? 'it can be verified' : `it cannot since ${timestamp(unverifiableSince)}`;
    return said(`unverifiable for ${trigger.unverifiable}`, since);
  }
  return said('manual', requested === null ? 'nobody asks for it' : `${requested.by} asks for it`);
}

function outdatedWords({ group }: GroupSnapshot, { image }: InstanceSnapshot, becomesCanary: boolean): Words {
  const said = (why: string) => ({ trigger: 'outdated', why, until: null });
  const promoted = Object.values(group.images);
  if (image === null) return said('nobody can say whether it is: its image was never pushed');
  if (promoted.length === 0) return said(`group ${group.name} promotes no image, so that nothing is outdated`);
  const isPromoted = promoted.includes(imageRef(image));
  const own = `${imageRef(image)} is ${isPromoted ? '' : 'not '}promoted`;
  return said(becomesCanary ? `${own}, and it was picked as a canary of ${group.images['canary']}` : own);
}

function ageWords(olderThan: string, { enrolledAt }: InstanceSnapshot): Words {
  const at = timestamp(enrolledAt + durationMs(olderThan));
  return { trigger: `older than ${olderThan}`, why: `it enrolled at ${timestamp(enrolledAt)}`, until: at };
}
