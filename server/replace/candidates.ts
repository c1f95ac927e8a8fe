import { timestamp } from '../../shared/clock.ts';
import { durationMs } from '../../shared/duration.ts';
import { imageRef } from '../../shared/image.ts';
import { isAgeTrigger, isDriftTrigger, type Policy, settleMs } from '../../shared/policy.ts';
import type { Cause } from '../../shared/proof.ts';
import { highestSeverity, type Severity, severities, severityAtLeast } from '../../shared/severity.ts';
import { currencyOf } from '../fleet/currency.ts';
import { launchKeyOf } from './launch-key.ts';
import type { FleetSnapshot, GroupSnapshot, InstanceDrift, InstanceSnapshot } from './snapshot.ts';

export interface VersionedPolicy {
  readonly policy: Policy;
  readonly version: number;
}

/** An instance that a policy wants replaced. */
export interface Candidate extends VersionedPolicy {
  readonly group: GroupSnapshot;
  readonly instance: InstanceSnapshot;
  readonly cause: Cause;
  /** Null for an instance that is only outdated, or old. */
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
  return policies.flatMap((versioned) =>
    selectedBy(versioned.policy, snapshot).flatMap((group) =>
      group.instances
        .filter(({ id, lifecycle, launchKey }) => isThere(lifecycle) && !replaced.has(id) && !launched.has(launchKey))
        .flatMap((instance) => candidateOf(versioned, group, instance, now) ?? []),
    ),
  );
}

/** What is kept as evidence and has no replacement yet is to have one. */
function isThere(lifecycle: InstanceSnapshot['lifecycle']): boolean {
  return lifecycle === 'active' || lifecycle === 'quarantined';
}

/** An empty selector selects nothing; so does the name of a group that is not there. */
export function selectedBy({ select }: Policy, { groups }: FleetSnapshot): readonly GroupSnapshot[] {
  const group = select.group === undefined ? undefined : groups.get(select.group);
  return group === undefined ? [] : [group];
}

/** Drift before currency, and currency before age, unless the drift has yet to settle and the others need not wait. */
export function candidateOf(
  versioned: VersionedPolicy,
  group: GroupSnapshot,
  instance: InstanceSnapshot,
  now: number,
): Candidate | undefined {
  const drift = driftOf(versioned.policy, withoutHeld(instance, now), now);
  const otherwise = outdatedOf(versioned.policy, group, instance) ?? agedOf(versioned.policy, instance, now);
  const mayAct = drift?.isSettled && drift.heldUntil === null;
  const reason = mayAct ? drift : (otherwise ?? drift);
  return reason && { ...versioned, group, instance, ...reason };
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

/** The taint decides, not what is open now: reverting a change does not cancel, a pardon does. */
function driftOf({ triggers }: Policy, { taint, drifts }: InstanceSnapshot, now: number): Reason | undefined {
  if (taint === null) return undefined;
  const matching = triggers
    .filter(isDriftTrigger)
    .filter(({ drift }) => severityAtLeast(taint.severity, drift.severity));
  if (matching.length === 0) return undefined;
  const floors = matching.map(({ drift }) => drift.severity);
  const counted = drifts.filter(({ severity }) => floors.some((floor) => severityAtLeast(severity, floor)));
  const settledAt = Math.min(
    ...matching.map((trigger) => {
      const seen = drifts.filter(({ severity }) => severityAtLeast(severity, trigger.drift.severity));
      const first = Math.max(taint.since, Math.min(...seen.map(({ firstSeenAt }) => firstSeenAt)));
      return (Number.isFinite(first) ? first : taint.since) + settleMs(trigger);
    }),
  );
  return {
    cause: { trigger: 'drift', severity: taint.severity, fingerprints: counted.map(({ fingerprint }) => fingerprint) },
    severity: taint.severity,
    since: taint.since,
    settledAt,
    isSettled: taint.severity === 'critical' || now >= settledAt,
    heldUntil: heldUntil(counted, now),
  };
}

function outdatedOf({ triggers }: Policy, { group }: GroupSnapshot, instance: InstanceSnapshot): Reason | undefined {
  if (!triggers.some((trigger) => 'outdated' in trigger) || instance.image === null) return undefined;
  if (currencyOf({ image: instance.image, promoted: Object.values(group.images) }) !== 'outdated') return undefined;
  return {
    cause: { trigger: 'outdated', from: imageRef(instance.image), to: group.images['stable'] ?? '' },
    severity: null,
    since: instance.enrolledAt,
    settledAt: instance.enrolledAt,
    isSettled: true,
    heldUntil: null,
  };
}

function agedOf({ triggers }: Policy, { enrolledAt }: InstanceSnapshot, now: number): Reason | undefined {
  const ages = triggers.filter(isAgeTrigger).toSorted((a, b) => durationMs(a.olderThan) - durationMs(b.olderThan));
  const olderThan = ages[0]?.olderThan;
  if (olderThan === undefined || now - enrolledAt <= durationMs(olderThan)) return undefined;
  return {
    cause: { trigger: 'age', olderThan, enrolledAt: timestamp(enrolledAt) },
    severity: null,
    since: enrolledAt,
    settledAt: enrolledAt,
    isSettled: true,
    heldUntil: null,
  };
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

/** The worst first, then what has waited longest; names only so that the order is always the same. */
export function inOrder(candidates: readonly Candidate[]): readonly Candidate[] {
  return [...candidates].sort(
    (a, b) =>
      rank(b) - rank(a) ||
      a.since - b.since ||
      compare(a.instance.id, b.instance.id) ||
      compare(a.policy.name, b.policy.name),
  );
}

function rank({ severity }: Candidate): number {
  return severity === null ? -1 : severities.indexOf(severity);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
