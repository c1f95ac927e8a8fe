import type { Blocker } from '../../shared/api.ts';
import { timestamp } from '../../shared/clock.ts';
import type { Image, ImageRef } from '../../shared/image.ts';
import type { Keeping } from '../../shared/keeping.ts';
import type { Policy, Strategy } from '../../shared/policy.ts';
import type { Cause } from '../../shared/proof.ts';
import { selectorIn } from '../../shared/selector.ts';
import { isOver, reportedPercentMin } from '../fleet/absence.ts';
import { type Holds, holdSentence, holdsOf } from '../fleet/hold.ts';
import { keepingFor } from '../fleet/quarantine.ts';
import type { Binding } from '../store/approval-store.ts';
import { openApprovals } from './approvals.ts';
import { alikeCause, tripCause } from './breaker.ts';
import { type Candidate, candidatesOf, inOrder, type VersionedPolicy } from './candidates.ts';
import { keepsOf } from './keeps.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { once } from './once.ts';
import { openRollouts } from './rollouts.ts';
import { shapesOf } from './shape.ts';
import { type Mass, massSilence, massUnverifiable } from './silence.ts';
import type { FleetSnapshot, GroupSnapshot, InstanceSnapshot } from './snapshot.ts';
import { type Target, targetOf } from './target.ts';
import { type FailedBefore, lineageKey } from './track-record.ts';
import { openWindowBook, type WindowBook } from './windows.ts';

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
  const places = new Map([...snapshot.groups].map(([name, { evidencePlaces }]) => [name, evidencePlaces]));
  const acting = actingIn(policies);
  const signs = signsOf(snapshot);
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
      ...ofHolds(candidate, holds),
      ...ofPolicy(candidate),
      ...ofWindows(candidate, limiting, now, closedBy),
      ...ofServer(snapshot),
      ...groupBlockers(group),
      ...ofInstance(candidate, listedIn(group), signs, now),
      ...ofLineage(before),
      ...ofPlaces(keeping, places.get(name) ?? 0, name),
      ...ofTarget(target),
      ...rollouts.blockersOf(group, target),
      ...('image' in target ? approvals.blockersOf(candidate, limiting, target.image) : []),
      ...ledger.blockersOf(candidate, limiting),
    ];
    const { id: instanceId, providerId } = instance;
    if (blockers.length > 0 || 'missing' in target || providerId === null) {
      blocked.push({ policy: policy.name, group: name, instanceId, providerId, cause, blockers });
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
  return { commands, blocked, trips, requests: approvals.requests(), soaked, pauses };
}

function tripsOf({ groups }: FleetSnapshot, ledger: Ledger, now: number): Plan['trips'] {
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
  const keeps = keepsOf(group);
  if (keeps !== undefined) blockers.push(blocker(keeps.kind, keeps.message));
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

/** What would make silence, or holes, no sign of one machine: looked for when somebody asks. */
function signsOf(snapshot: FleetSnapshot): Signs {
  const [silence, unverifiable] = [once(massSilence), once(massUnverifiable)];
  return { silence: () => silence(snapshot), unverifiable: () => unverifiable(snapshot) };
}

type Signs = Readonly<Record<'silence' | 'unverifiable', () => Mass>>;

function ofInstance(
  { instance, cause }: Candidate,
  listed: ReadonlySet<string> | null,
  signs: Signs,
  now: number,
): Blocker[] {
  const blockers: Blocker[] = [];
  // Whoever holds a copied key, or claims its machine, could have it ended by what he reports.
  if (instance.isInDoubt) {
    blockers.push(blocker('in-doubt', 'it is not sure which machine it is: a person must look and decide'));
  }
  blockers.push(...ofEvidence(instance, cause, signs, now));
  if (listed !== null && (instance.providerId === null || !listed.has(instance.providerId))) {
    blockers.push(blocker('provider', 'the provider does not list its machine'));
  }
  return blockers;
}

const hourMs = 3_600_000;
/** The first, and so many again as there is reason to believe that it was chance. */
const attemptsMax = 3;

/** What a person has seen, because they reset the breaker after it, counts no more. */
function failedBefore({ group, instance, cause }: Candidate): FailedBefore | undefined {
  const last = group.failedBefore.get(lineageKey(instance.id, cause.trigger));
  return last !== undefined && last.failedAt > group.breakerResetAt ? last : undefined;
}

/** A failure within an hour is retried as the same; after that whatever was wrong may be another thing. */
function lineageAfter(last: FailedBefore | undefined, now: number): Command['lineage'] {
  if (last === undefined || now - last.failedAt > hourMs) return null;
  return { id: last.lineage, attempt: last.attempt + 1 };
}

/** One that is hopeless must not start for ever. */
function ofLineage(last: FailedBefore | undefined): Blocker[] {
  if (last === undefined || last.attempt < attemptsMax) return [];
  const message = `${attemptsMax} replacements of it failed one after the other: a person must look, and \`pristinectl replacements retry\` the last of lineage ${last.lineage}`;
  return [blocker('retries-spent', message)];
}

/** What has to be kept waits for a place; what need not goes on: who floods the places stops nobody else. */
function ofPlaces(keeping: Keeping | null, taken: number, group: string): Blocker[] {
  if (keeping === null || taken < keeping.max) return [];
  const message = `it has to be kept as evidence, and ${taken} of ${keeping.max} places of group ${group} are taken: release one with \`pristinectl quarantine release\``;
  return [blocker('quarantine-full', message)];
}

/**
 * No machine dies on old news. What it had must have been seen lately; a silent one is dead by what its provider says at this
 * moment, and one that cannot be verified is connected at this moment.
 */
function ofEvidence(instance: InstanceSnapshot, cause: Cause, signs: Signs, now: number): Blocker[] {
  if (cause.trigger === 'silence') {
    const mass = signs.silence()(instance);
    const blockers = mass === undefined ? [] : [blocker('mass-silence', mass)];
    if (cause.witness === null) {
      const message =
        'only its agent is silent, and its provider has nothing to say against the machine: a person must look';
      blockers.push(blocker('no-witness', message));
    }
    return blockers;
  }
  if (cause.trigger === 'unverifiable') {
    const mass = signs.unverifiable()(instance);
    return mass === undefined ? [] : [blocker('mass-unverifiable', mass)];
  }
  const { evidenceExpiresAt, lifecycle } = instance;
  if (evidenceExpiresAt === null) return [blocker('stale-evidence', 'it has never been scanned completely')];
  // What is isolated is as it was then.
  if (now < evidenceExpiresAt || lifecycle === 'quarantined') return [];
  return [blocker('stale-evidence', `its last complete scan expired at ${timestamp(evidenceExpiresAt)}`)];
}

function ofTarget(target: Target): readonly Blocker[] {
  return 'missing' in target ? [blocker('no-target', target.missing)] : [];
}

export function blocker(kind: Blocker['kind'], message: string, until: number | null = null): Blocker {
  return { kind, message, until: until === null ? null : timestamp(until) };
}
