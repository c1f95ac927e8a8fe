import type { Blocker } from '../../shared/api.ts';
import { timestamp } from '../../shared/clock.ts';
import type { Image, ImageRef } from '../../shared/image.ts';
import type { Policy } from '../../shared/policy.ts';
import type { Cause } from '../../shared/proof.ts';
import { isOver, reportedPercentMin } from '../fleet/absence.ts';
import { type Holds, holdSentence, holdsOf } from '../fleet/hold.ts';
import type { Binding } from '../store/approval-store.ts';
import { openApprovals } from './approvals.ts';
import { alikeCause, tripCause } from './breaker.ts';
import { type Candidate, candidatesOf, inOrder, type VersionedPolicy } from './candidates.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { once, oncePair } from './once.ts';
import { openRollouts } from './rollouts.ts';
import { shapesOf } from './shape.ts';
import type { FleetSnapshot, GroupSnapshot } from './snapshot.ts';
import { type Target, targetOf } from './target.ts';
import { openWindowBook, type WindowBook } from './windows.ts';

export interface Command {
  readonly policy: string;
  readonly policyVersion: number;
  readonly group: string;
  readonly instanceId: string;
  readonly providerId: string;
  readonly cause: Cause;
  readonly shapes: readonly string[];
  readonly target: Image;
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
  /** What people must be asked. */
  readonly requests: readonly Binding[];
}

const backoffMsMin = 60_000;
const backoffMsMax = 3_600_000;

/**
 * Which instances to replace now, and why the others that should be are not. Pure, and closed where in doubt: an empty
 * selector and an unknown group select nothing, and what could not be read allows nothing.
 */
export function planReplacements(
  snapshot: FleetSnapshot,
  policies: readonly VersionedPolicy[],
  now: number,
  closedBy = openWindowBook(),
): Plan {
  const ledger = openLedger(snapshot, now);
  const trips = tripsOf(snapshot, ledger, now);
  const rollouts = openRollouts(snapshot, ledger, now);
  const commands: Command[] = [];
  const blocked: Blocked[] = [];
  const taken = new Set<string>();
  const holds = holdsOf(snapshot.holds);
  const approvals = openApprovals(snapshot, now);
  // Thousands of candidates may be of one group and one policy.
  const targetFor = {
    stable: once((group: GroupSnapshot) => targetOf(group)),
    canary: once((group: GroupSnapshot) => targetOf(group, 'canary')),
  };
  const groupBlockers = once((group: GroupSnapshot) => ofGroup(group, trips, now));
  const listedIn = once(
    ({ machines }: GroupSnapshot) => machines && new Set(machines.map(({ providerId }) => providerId)),
  );
  const actingFor = oncePair((group: GroupSnapshot, policy: Policy) => actingOn(group, policy, policies));
  for (const candidate of inOrder(candidatesOf(snapshot, policies, now))) {
    const { policy, version, group, instance, cause, channel } = candidate;
    if (taken.has(instance.id)) continue;
    const target = targetFor[channel](group);
    const acting = actingFor(group, policy);
    const blockers = [
      ...ofHolds(candidate, holds),
      ...ofPolicy(candidate),
      ...ofWindows(candidate, acting, now, closedBy),
      ...ofServer(snapshot),
      ...groupBlockers(group),
      ...ofInstance(candidate, listedIn(group), now),
      ...ofTarget(target),
      ...rollouts.blockersOf(group, target),
      ...('image' in target ? approvals.blockersOf(candidate, acting, target.image) : []),
      ...ledger.blockersOf(candidate, acting),
    ];
    const { name } = group.group;
    const { id: instanceId, providerId } = instance;
    if (blockers.length > 0 || 'missing' in target || providerId === null) {
      blocked.push({ policy: policy.name, group: name, instanceId, providerId, cause, blockers });
      continue;
    }
    taken.add(instanceId);
    ledger.reserve(candidate);
    const { image } = target;
    rollouts.plan(group, image);
    commands.push({
      ...{ policy: policy.name, policyVersion: version, group: name },
      ...{ instanceId, providerId, cause, shapes: cause.trigger === 'drift' ? shapesOf(instance.drifts) : [] },
      target: image,
      approval: approvals.reserve(candidate, acting, image),
    });
  }
  const { soaked, pauses } = rollouts;
  return { commands, blocked, trips, requests: approvals.requests(), soaked, pauses };
}

function tripsOf({ groups }: FleetSnapshot, ledger: Ledger, now: number): Plan['trips'] {
  return [...groups.values()].flatMap((group) => {
    const size = ledger.sizeOf(group.group.name);
    const cause = group.breaker === null ? (tripCause(group, size, now) ?? alikeCause(group, size, now)) : undefined;
    return cause === undefined ? [] : [{ group: group.group.name, cause }];
  });
}

/** Limits of policies that only observe do not hold back one that enforces; its own always count. */
function actingOn({ group }: GroupSnapshot, own: Policy, policies: readonly VersionedPolicy[]): readonly Policy[] {
  return policies
    .map(({ policy }) => policy)
    .filter((policy) => policy === own || (policy.mode === 'enforce' && policy.select.group === group.name));
}

function ofHolds({ group, instance }: Candidate, holds: Holds): readonly Blocker[] {
  return holds
    .on(group.group.name, instance.id)
    .map((hold) => ({ kind: 'hold', message: holdSentence(hold), until: hold.expiresAt }));
}

function ofPolicy({ policy, settledAt, isSettled, heldUntil }: Candidate): readonly Blocker[] {
  const blockers: Blocker[] = [];
  if (policy.mode !== 'enforce') {
    blockers.push(blocker('observe', `policy ${policy.name} only observes; \`mode: enforce\` lets it act`));
  }
  if (!isSettled) blockers.push(blocker('settle', 'the drift was seen only just now', settledAt));
  if (heldUntil !== null) {
    blockers.push(
      blocker('new-rules', 'only rules that are in force for less than an hour find drift in it', heldUntil),
    );
  }
  return blockers;
}

/** Of every policy that acts there: where two are at odds, nothing starts. */
function ofWindows(
  { cause, group }: Candidate,
  acting: readonly Policy[],
  now: number,
  closedBy: WindowBook,
): readonly Blocker[] {
  return acting.flatMap((policy) => {
    const closed = closedBy(policy, cause.trigger, now, group.typicalMs);
    return closed === undefined ? [] : [blocker('window', closed.message, closed.until)];
  });
}

function ofServer({ absence }: FleetSnapshot): readonly Blocker[] {
  if (absence === null || isOver(absence)) return [];
  const { since, expected, reported } = absence;
  const message = `this server was away from ${timestamp(since)}, and ${reported} of ${expected} instances have reported since: it waits for ${reportedPercentMin} % of them; retire those that will not come back`;
  return [blocker('server-away', message)];
}

function ofGroup({ group, breaker, machines, failures }: GroupSnapshot, trips: Plan['trips'], now: number): Blocker[] {
  const blockers: Blocker[] = [];
  if (!group.stateless) {
    blockers.push(blocker('not-stateless', `nobody has declared group ${group.name} stateless`));
  }
  const cause = breaker?.cause ?? trips.find((trip) => trip.group === group.name)?.cause;
  if (cause !== undefined) blockers.push(blocker('breaker', `the breaker is open until a person resets it: ${cause}`));
  if (machines === null) blockers.push(blocker('provider', 'the provider does not say which machines there are'));
  if (failures !== null) {
    const until = failures.lastAt + Math.min(backoffMsMin * 2 ** Math.min(failures.count - 1, 16), backoffMsMax);
    const times = failures.count === 1 ? 'The last replacement' : `The last ${failures.count} replacements`;
    if (now < until) blockers.push(blocker('retry-backoff', `${times} in this group failed`, until));
  }
  return blockers;
}

/** Silence alone triggers nothing, and an instance that nobody measured lately is not killed on old news. */
function ofInstance({ instance }: Candidate, listed: ReadonlySet<string> | null, now: number): Blocker[] {
  const blockers: Blocker[] = [];
  // Whoever holds a copied key, or claims its machine, could have it ended by what he reports.
  if (instance.isInDoubt) {
    blockers.push(blocker('in-doubt', 'it is not sure which machine it is: a person must look and decide'));
  }
  if (instance.evidenceExpiresAt === null) {
    blockers.push(blocker('stale-evidence', 'it has never been scanned completely'));
  } else if (now >= instance.evidenceExpiresAt) {
    blockers.push(
      blocker('stale-evidence', `its last complete scan expired at ${timestamp(instance.evidenceExpiresAt)}`),
    );
  }
  if (listed !== null && (instance.providerId === null || !listed.has(instance.providerId))) {
    blockers.push(blocker('provider', 'the provider does not list its machine'));
  }
  return blockers;
}

function ofTarget(target: Target): readonly Blocker[] {
  return 'missing' in target ? [blocker('no-target', target.missing)] : [];
}

export function blocker(kind: Blocker['kind'], message: string, until: number | null = null): Blocker {
  return { kind, message, until: until === null ? null : timestamp(until) };
}
