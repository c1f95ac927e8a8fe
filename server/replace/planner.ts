import type { Blocker } from '../../shared/api.ts';
import type { Image, ImageRef } from '../../shared/image.ts';
import type { Keeping } from '../../shared/keeping.ts';
import type { Policy, Strategy } from '../../shared/policy.ts';
import type { Cause } from '../../shared/proof.ts';
import { selectorIn } from '../../shared/selector.ts';
import { holdsOf } from '../fleet/hold.ts';
import { keepingFor } from '../fleet/quarantine.ts';
import type { Binding } from '../store/approval-store.ts';
import type { AlikeBook } from './alike.ts';
import { openApprovals } from './approvals.ts';
import * as why from './blockers.ts';
import { openBooks } from './books.ts';
import { tripCause } from './breaker.ts';
import { type Candidate, candidatesOf, inOrder, type VersionedPolicy } from './candidates.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { failedBefore, lineageAfter, ofLineage } from './lineage.ts';
import { once } from './once.ts';
import { openRollouts } from './rollouts.ts';
import { shapesOf } from './shape.ts';
import type { FleetSnapshot, GroupSnapshot, InstanceSnapshot } from './snapshot.ts';
import { targetOf } from './target.ts';

export interface Command {
  readonly policy: string;
  readonly policyVersion: number;
  readonly group: string;
  readonly instanceId: string;
  readonly providerId: string;
  readonly cause: Cause;
  readonly shapes: readonly string[];
  /** Left out where it is not known. */
  readonly zone?: string;
  readonly target: Image;
  readonly order: Strategy['order'];
  /** How its machine is to be kept in place of being ended; a place is taken for it. */
  readonly keeping: Keeping | null;
  readonly lineage: { readonly id: string; readonly attempt: number } | null;
  /** The request by which people approved it; null where nobody is asked. */
  readonly approval: string | null;
}

export interface Blocked {
  readonly policy: string;
  readonly group: string;
  readonly instanceId: string;
  readonly providerId: string | null;
  readonly cause: Cause;
  /** All of them, so that "why not now?" has one answer. */
  readonly blockers: readonly Blocker[];
}

export interface Plan {
  readonly commands: readonly Command[];
  readonly blocked: readonly Blocked[];
  /** Groups whose breaker must latch now. */
  readonly trips: readonly { readonly group: string; readonly cause: string }[];
  /** Images whose canaries have soaked clean by now. */
  readonly soaked: readonly { readonly group: string; readonly image: ImageRef }[];
  /** Images of which no more may be made, until a person says so. */
  readonly pauses: readonly { readonly group: string; readonly image: ImageRef; readonly cause: string }[];
  /**
   * Critical, to be kept, and held by nothing but that nobody has approved it: cutting it off is all that may be done without.
   * Nothing else is begun beside, because it takes from the same budgets.
   */
  readonly isolations: readonly { readonly policy: string; readonly group: string; readonly instanceId: string }[];
  /** What people must be asked. */
  readonly requests: readonly Binding[];
}

/**
 * Which instances to replace now, and why the others that should be are not. Pure, and closed where in doubt: an empty
 * selector and an unknown group select nothing, and what could not be read allows nothing.
 */
export function planReplacements(
  snapshot: FleetSnapshot,
  policies: readonly VersionedPolicy[],
  now: number,
  { closedBy, alikeCause } = openBooks(),
): Plan {
  const ledger = openLedger(snapshot, now);
  const trips = tripsOf(snapshot, ledger, now, alikeCause);
  const rollouts = openRollouts(snapshot, ledger, now);
  const commands: Command[] = [];
  const blocked: Blocked[] = [];
  const isolations: Plan['isolations'][number][] = [];
  const taken = new Set<string>();
  const places = new Map([...snapshot.groups].map(([name, { evidencePlaces }]) => [name, evidencePlaces]));
  const acting = actingIn(policies);
  const signs = why.signsOf(snapshot);
  const holds = holdsOf(snapshot.holds);
  const approvals = openApprovals(snapshot, now);
  // Thousands of candidates may be of one group and one policy.
  const targetFor = {
    stable: once((group: GroupSnapshot) => targetOf(group)),
    canary: once((group: GroupSnapshot) => targetOf(group, 'canary')),
  };
  const groupBlockers = once((group: GroupSnapshot) => why.ofGroup(group, trips, now));
  const listedIn = once(
    ({ machines }: GroupSnapshot) => machines && new Set(machines.map(({ providerId }) => providerId)),
  );
  for (const candidate of inOrder(candidatesOf(snapshot, policies, now), ledger.underWayIn)) {
    const { policy, version, group, instance, cause, channel } = candidate;
    if (taken.has(instance.id)) continue;
    const target = targetFor[channel](group);
    const { name } = group.group;
    const limiting = acting(group, instance, policy);
    const keeping =
      instance.lifecycle === 'quarantined' ? null : keepingFor(limiting, instance.taint?.severity ?? null);
    const before = failedBefore(candidate);
    const blockers = [
      ...why.ofHolds(candidate, holds),
      ...why.ofPolicy(candidate),
      ...why.ofWindows(candidate, limiting, now, closedBy),
      ...why.ofServer(snapshot),
      ...groupBlockers(group),
      ...why.ofInstance(candidate, listedIn(group), signs, now),
      ...ofLineage(before),
      ...why.ofPlaces(keeping, places.get(name) ?? 0, name),
      ...why.ofTarget(target),
      ...rollouts.blockersOf(group, target),
      ...('image' in target ? approvals.blockersOf(candidate, limiting, target.image) : []),
      ...ledger.blockersOf(candidate, limiting),
    ];
    const { id: instanceId, providerId } = instance;
    if (blockers.length > 0 || 'missing' in target || providerId === null) {
      blocked.push({ policy: policy.name, group: name, instanceId, providerId, cause, blockers });
      if (keeping !== null && isUnapprovedOnly(candidate, blockers))
        isolations.push({ policy: policy.name, group: name, instanceId });
      continue;
    }
    taken.add(instanceId);
    ledger.reserve(candidate);
    if (keeping !== null) places.set(name, (places.get(name) ?? 0) + 1);
    const { image } = target;
    rollouts.plan(group, image);
    commands.push({
      ...{ policy: policy.name, policyVersion: version, group: name },
      ...{ instanceId, providerId, cause, shapes: isForDrift(cause) ? shapesOf(instance.drifts) : [] },
      ...(instance.zone !== null && { zone: instance.zone }),
      ...{ order: policy.strategy.order, keeping, lineage: lineageAfter(before, now) },
      target: image,
      approval: approvals.reserve(candidate, limiting, image),
    });
  }
  const { soaked, pauses } = rollouts;
  return {
    commands,
    blocked,
    trips,
    requests: approvals.requests(),
    isolations: commands.length > 0 ? [] : isolations,
    soaked,
    pauses,
  };
}

function isUnapprovedOnly({ cause, severity }: Candidate, blockers: readonly Blocker[]): boolean {
  return cause.trigger === 'drift' && severity === 'critical' && blockers.every(({ kind }) => kind === 'approval');
}

function tripsOf({ groups }: FleetSnapshot, ledger: Ledger, now: number, alikeCause: AlikeBook): Plan['trips'] {
  return [...groups.values()].flatMap((group) => {
    const size = ledger.sizeOf(group.group.name);
    const cause = group.breaker === null ? (tripCause(group, size, now) ?? alikeCause(group, size, now)) : undefined;
    return cause === undefined ? [] : [{ group: group.group.name, cause }];
  });
}

/** Whoever asks a person for one that is drifted must not hide how it was. */
function isForDrift({ trigger }: Cause): boolean {
  return trigger === 'drift' || trigger === 'manual';
}

/** Limits of policies that only observe do not hold back one that enforces; its own always count. */
function actingIn(policies: readonly VersionedPolicy[]) {
  const enforcing = policies.map(({ policy }) => policy).filter(({ mode }) => mode === 'enforce');
  const actingOn = once(({ group }: GroupSnapshot) =>
    enforcing.flatMap((policy) => {
      const isSelected = selectorIn(policy.select, group);
      return isSelected === undefined ? [] : [{ policy, isSelected }];
    }),
  );
  return (group: GroupSnapshot, instance: InstanceSnapshot, own: Policy): readonly Policy[] => {
    const acting = actingOn(group).filter(({ isSelected }) => isSelected(instance));
    const found = acting.map(({ policy }) => policy);
    return found.includes(own) ? found : [...found, own];
  };
}
