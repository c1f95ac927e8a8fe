import { timestamp } from '../../shared/clock.ts';
import { durationMs } from '../../shared/duration.ts';
import { imageRef } from '../../shared/image.ts';
import {
  type DriftTrigger,
  isAgeTrigger,
  isDriftTrigger,
  isSilenceTrigger,
  isUnverifiableTrigger,
  type Policy,
  settleMs,
} from '../../shared/policy.ts';
import type { Cause } from '../../shared/proof.ts';
import { selectorIn } from '../../shared/selector.ts';
import { highestSeverity, type Severity, severities, severityAtLeast } from '../../shared/severity.ts';
import { currencyOf } from '../fleet/currency.ts';
import { membersOf } from './budget.ts';
import { chosenCanaries } from './canary.ts';
import { launchKeyOf } from './launch-key.ts';
import { once } from './once.ts';
import { subjectOf } from './shape.ts';
import { machineOf, silentFor, unverifiableFor, witnessOf } from './silence.ts';
import type { FleetSnapshot, GroupSnapshot, InstanceDrift, InstanceSnapshot } from './snapshot.ts';
import { type Channel, channelOf, refOf } from './target.ts';

export interface VersionedPolicy {
  readonly policy: Policy;
  readonly version: number;
}

/** An instance that a policy wants replaced. */
export interface Candidate extends VersionedPolicy {
  readonly group: GroupSnapshot;
  readonly instance: InstanceSnapshot;
  readonly cause: Cause;
  /** What it is replaced by. */
  readonly channel: Channel;
  /** Null for an instance that has not drifted, or is not replaced for it. */
  readonly severity: Severity | null;
  /** Milliseconds since the epoch: how long it has waited, and from when it may be acted on. */
  readonly since: number;
  readonly settledAt: number;
  readonly isSettled: boolean;
  /** Nothing but what newer rules alone have found speaks for it, and until then that triggers nothing. */
  readonly heldUntil: number | null;
}

/** At most one for each policy and instance; those being replaced already are none, nor are those that replace them. */
export function candidatesOf(
  snapshot: FleetSnapshot,
  policies: readonly VersionedPolicy[],
  now: number,
): readonly Candidate[] {
  const replaced = new Set(snapshot.active.map(({ oldInstanceId }) => oldInstanceId));
  const launched = new Set<string | null>(snapshot.active.map(({ id }) => launchKeyOf(id)));
  const canariesOf = canariesIn(snapshot, policies);
  return policies.flatMap((versioned) =>
    selectedBy(versioned.policy, snapshot).flatMap((group) => {
      const isSelected = selectorIn(versioned.policy.select, group.group);
      if (isSelected === undefined) return [];
      const canaries = canariesOf(group);
      return group.instances
        .filter(
          (instance) =>
            isThere(instance.lifecycle) &&
            !replaced.has(instance.id) &&
            !launched.has(instance.launchKey) &&
            isSelected(instance),
        )
        .flatMap((instance) => candidateOf(versioned, group, instance, now, canaries) ?? []);
    }),
  );
}

/** What is kept as evidence and has no replacement yet is to have one. */
function isThere(lifecycle: InstanceSnapshot['lifecycle']): boolean {
  return lifecycle === 'active' || lifecycle === 'quarantined';
}

/** Who becomes a canary, of those that a policy would replace for it: one that enforces, where there is any. */
export function canariesIn(
  snapshot: FleetSnapshot,
  policies: readonly VersionedPolicy[],
): (group: GroupSnapshot) => ReadonlySet<string> {
  const replaced = new Set(snapshot.active.map(({ oldInstanceId }) => oldInstanceId));
  const wanting = policies
    .map(({ policy }) => policy)
    .filter(({ triggers }) => triggers.some((one) => 'outdated' in one));
  return once((group) => {
    const selecting = wanting.flatMap(({ mode, select }) => {
      const isSelected = selectorIn(select, group.group);
      return isSelected === undefined ? [] : [{ mode, isSelected }];
    });
    const enforcing = selecting.filter(({ mode }) => mode === 'enforce');
    const counted = enforcing.length > 0 ? enforcing : selecting;
    const isReached = (instance: InstanceSnapshot) => counted.some(({ isSelected }) => isSelected(instance));
    return chosenCanaries(group, (one) => !replaced.has(one.id) && isReached(one), membersOf(snapshot, group).size);
  });
}

/** The groups of which it may select some: the name of one that is not there selects nothing. */
export function selectedBy({ select }: Policy, { groups }: FleetSnapshot): readonly GroupSnapshot[] {
  const named = select.group === undefined ? undefined : groups.get(select.group);
  const all = select.group === undefined ? [...groups.values()] : named === undefined ? [] : [named];
  return all.filter(({ group }) => selectorIn(select, group) !== undefined);
}

/**
 * What a person asked for comes before all else, and a machine that is dead before what it had. Then drift before what cannot
 * be measured, that before currency, and currency before age, unless the drift has yet to settle and the others need not wait.
 */
export function candidateOf(
  versioned: VersionedPolicy,
  group: GroupSnapshot,
  instance: InstanceSnapshot,
  now: number,
  canaries: ReadonlySet<string>,
): Candidate | undefined {
  const { policy } = versioned;
  const drift = driftOf(policy, withoutHeld(instance, now), now);
  const silence = silenceOf(policy, group, instance, now);
  const isDead = silence?.cause.trigger === 'silence' && silence.cause.witness !== null;
  const mayAct = drift?.isSettled && drift.heldUntil === null;
  const becomes = canaries.has(instance.id) ? 'canary' : 'stable';
  const outdated = outdatedOf(policy, group, instance, becomes);
  const reason =
    requestOf(policy, instance) ??
    (isDead ? silence : undefined) ??
    (mayAct ? drift : undefined) ??
    unverifiableOf(policy, instance, now) ??
    outdated ??
    agedOf(policy, instance, now) ??
    drift ??
    silence;
  const channel = outdated !== undefined && reason === outdated ? becomes : channelOf(group.group, instance.image);
  return reason && { ...versioned, group, instance, channel, ...reason };
}

/** Beside what is there by itself, what only new rules find does not make an instance worse than it is. */
function withoutHeld(instance: InstanceSnapshot, now: number): InstanceSnapshot {
  const { taint, drifts } = instance;
  const own = drifts.filter((drift) => heldUntil([drift], now) === null);
  if (taint === null || own.length === 0 || own.length === drifts.length) return instance;
  const severity = own.map((drift) => drift.severity).reduce(highestSeverity);
  return { ...instance, taint: { ...taint, severity }, drifts: own };
}

type Reason = Pick<Candidate, 'cause' | 'severity' | 'since' | 'settledAt' | 'isSettled' | 'heldUntil'>;

/** Nothing to wait for. */
function atOnce(cause: Cause, since: number, severity: Severity | null = null): Reason {
  return { cause, severity, since, settledAt: since, isSettled: true, heldUntil: null };
}

/** The taint decides, not what is open now: reverting a change does not cancel, a pardon does. */
function driftOf({ triggers }: Policy, { taint, drifts }: InstanceSnapshot, now: number): Reason | undefined {
  if (taint === null) return undefined;
  const matching = triggers.filter(isDriftTrigger).flatMap((trigger) => {
    const about = drifts.filter((drift) => isAbout(trigger, drift));
    const severity = isAboutAll(trigger)
      ? taint.severity
      : about.map((drift) => drift.severity).reduce(highestSeverity, 'info');
    if (!severityAtLeast(severity, trigger.drift.severity)) return [];
    const counted = about.filter((drift) => severityAtLeast(drift.severity, trigger.drift.severity));
    const first = Math.max(taint.since, Math.min(...counted.map(({ firstSeenAt }) => firstSeenAt)));
    return [{ severity, counted, settledAt: (Number.isFinite(first) ? first : taint.since) + settleMs(trigger) }];
  });
  if (matching.length === 0) return undefined;
  const named = new Set(matching.flatMap(({ counted }) => counted));
  const counted = drifts.filter((drift) => named.has(drift));
  const severity = matching.map((one) => one.severity).reduce(highestSeverity);
  const settledAt = Math.min(...matching.map((one) => one.settledAt));
  return {
    cause: { trigger: 'drift', severity, fingerprints: counted.map(({ fingerprint }) => fingerprint) },
    severity,
    since: taint.since,
    settledAt,
    isSettled: severity === 'critical' || now >= settledAt,
    heldUntil: heldUntil(counted, now),
  };
}

function isAboutAll({ drift: { subject, shape } }: DriftTrigger): boolean {
  return subject === undefined && shape === undefined;
}

function isAbout({ drift: { subject, shape } }: DriftTrigger, drift: InstanceDrift): boolean {
  return (
    (subject === undefined || subjectOf(drift.shape) === subject) && (shape === undefined || drift.shape === shape)
  );
}

function silenceOf({ triggers }: Policy, group: GroupSnapshot, instance: InstanceSnapshot, now: number) {
  const silent = triggers
    .filter(isSilenceTrigger)
    .map((trigger) => trigger.silent)
    .toSorted(shortestFirst)[0];
  const since = silent === undefined ? null : silentFor(instance, silent, now);
  if (silent === undefined || since === null) return undefined;
  const witness = witnessOf(machineOf(instance, group));
  return atOnce({ trigger: 'silence', silent, since: timestamp(since), witness }, since);
}

function unverifiableOf({ triggers }: Policy, instance: InstanceSnapshot, now: number): Reason | undefined {
  const all = triggers.filter(isUnverifiableTrigger).map((trigger) => trigger.unverifiable);
  const unverifiable = all.toSorted(shortestFirst)[0];
  const since = unverifiable === undefined ? null : unverifiableFor(instance, unverifiable, now);
  if (unverifiable === undefined || since === null) return undefined;
  return atOnce({ trigger: 'unverifiable', unverifiable, since: timestamp(since) }, since);
}

/** As grave as what it has, so that asking for it makes nothing slower. */
function requestOf({ name, triggers }: Policy, { requested, taint }: InstanceSnapshot): Reason | undefined {
  if (requested?.policy !== name || !triggers.some((trigger) => 'manual' in trigger)) return undefined;
  const { by, reason, at } = requested;
  return atOnce({ trigger: 'manual', by, reason, askedAt: timestamp(at) }, at, taint?.severity);
}

/** One that becomes a canary need not be outdated. */
function outdatedOf(
  { triggers }: Policy,
  of: GroupSnapshot,
  instance: InstanceSnapshot,
  becomes: Channel,
): Reason | undefined {
  const { group } = of;
  if (!triggers.some((trigger) => 'outdated' in trigger) || instance.image === null) return undefined;
  const currency = currencyOf({ image: instance.image, promoted: Object.values(group.images) });
  if (becomes === 'stable' && currency !== 'outdated') return undefined;
  const cause = { trigger: 'outdated' as const, from: imageRef(instance.image), to: refOf(of, becomes) ?? '' };
  return atOnce(cause, instance.enrolledAt);
}

function agedOf({ triggers }: Policy, { enrolledAt }: InstanceSnapshot, now: number): Reason | undefined {
  const olderThan = triggers
    .filter(isAgeTrigger)
    .map((trigger) => trigger.olderThan)
    .toSorted(shortestFirst)[0];
  if (olderThan === undefined || now - enrolledAt <= durationMs(olderThan)) return undefined;
  return atOnce({ trigger: 'age', olderThan, enrolledAt: timestamp(enrolledAt) }, enrolledAt);
}

function shortestFirst(a: string, b: string): number {
  return durationMs(a) - durationMs(b);
}

/**
 * Until when drifts trigger nothing, all being there only because of rules that are that new; null as soon as one of them
 * is there by itself, or the time is over.
 */
export function heldUntil(drifts: readonly InstanceDrift[], now: number): number | null {
  if (drifts.length === 0) return null;
  let until = Number.NEGATIVE_INFINITY;
  for (const drift of drifts) {
    if (drift.heldUntil === null || now >= drift.heldUntil) return null;
    until = Math.max(until, drift.heldUntil);
  }
  return until;
}

/**
 * The worst first, then what has waited longest; names only so that the order is always the same. Where a group has several
 * zones, the place that one has by its age goes to the one of its kind that has waited longest in the zone with the fewest
 * under way: what is replaced at once is spread.
 */
export function* inOrder(
  candidates: readonly Candidate[],
  underWayIn: (group: string, zone: string | null) => number,
): Generator<Candidate> {
  const sorted = candidates.toSorted(
    (a, b) =>
      rank(b) - rank(a) ||
      a.since - b.since ||
      compare(a.instance.id, b.instance.id) ||
      compare(a.policy.name, b.policy.name),
  );
  for (const alike of Map.groupBy(sorted, rank).values()) {
    const waiting = new Map(
      [...Map.groupBy(alike, ({ group }) => group)].map(([group, own]) => [
        group,
        [...Map.groupBy(own, ({ instance }) => instance.zone)].map(([zone, queue]) => ({ zone, queue, next: 0 })),
      ]),
    );
    for (const { group } of alike) {
      const open = waiting.get(group)!.filter(({ queue, next }) => next < queue.length);
      const load = ({ zone }: { readonly zone: string | null }) => underWayIn(group.group.name, zone);
      const [zone] = open.toSorted((a, b) => load(a) - load(b) || a.queue[a.next]!.since - b.queue[b.next]!.since);
      yield zone!.queue[zone!.next++]!;
    }
  }
}

const ranksOfOthers = { manual: -1, silence: -2, unverifiable: -3, outdated: -4, age: -4, drift: -4 } as const;

function rank({ severity, cause }: Candidate): number {
  return severity === null ? ranksOfOthers[cause.trigger] : severities.indexOf(severity);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
