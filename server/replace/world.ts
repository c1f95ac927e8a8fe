import type { Hold } from '../../shared/api-holds.ts';
import { Coverage } from '../../shared/coverage.ts';
import { durationMs } from '../../shared/duration.ts';
import { type Image, imageRef } from '../../shared/image.ts';
import type { Keeping } from '../../shared/keeping.ts';
import { type Group, type Policy, Strategy } from '../../shared/policy.ts';
import { selectorIn } from '../../shared/selector.ts';
import type { Verdict } from '../../shared/verdict.ts';
import { currencyOf } from '../fleet/currency.ts';
import type { Machine } from '../provider/provider.ts';
import type { Consent } from '../store/approval-store.ts';
import type { StoredInstance } from '../store/instance-store.ts';
import type { StoredLook } from '../store/look-store.ts';
import type { StoredQuarantine } from '../store/quarantine-store.ts';
import type { ProvingScan, Replacement } from '../store/replacement-store.ts';
import { lackOfApproval } from './approvals.ts';
import { keepsOf } from './keeps.ts';
import { launchKeyOf } from './launch-key.ts';
import type { Answer } from './preflight.ts';
import { witnessOf } from './silence.ts';
import { closedBy, isClosedSince } from './windows.ts';

/** What a step is decided on, read just before it. */
export interface World {
  /** As the provider described them just now; null when it could not be asked: then nothing is known. */
  readonly machines: readonly Machine[] | null;
  readonly group: Group | null;
  readonly breaker: string | null;
  /** Why the rollout of the target is paused. */
  readonly paused: string | null;
  readonly policy: Policy | null;
  readonly policyVersion: number | null;
  /** All policies that act on the old instance: the windows of each hold. */
  readonly acting: readonly Policy[];
  readonly old: OldInstance | null;
  /** In force on the old or the new instance, its group or everything: that first. */
  readonly holds: readonly Hold[];
  /** What people said to the request by which it was begun; null where nobody was asked. */
  readonly consent: Consent | null;
  /** What it brings; null where it was never pushed. */
  readonly target: Image | null;
  /** What its provider would launch for it, asked just now; null where it was not asked, or did not answer. */
  readonly template: Answer | null;
  /** Whoever enrolled with the token of this launch. */
  readonly new: NewInstance | null;
  /** Sequence of the rules that agents of the new image should judge by; null where there are only those of the image. */
  readonly rulesInForce: number | null;
  /** The last time that the server was to look at the disk of the new instance itself. */
  readonly look: StoredLook | null;
  readonly evidence: Evidence;
  /** The provider has just said that the old machine is drained. */
  readonly drained: boolean;
  /** The provider has just said that it ended the old machine, or that there is none. */
  readonly terminated: boolean;
}

export interface OldInstance extends StoredInstance {
  readonly image: Image | null;
  readonly zone: string | null;
  readonly content: Verdict;
  readonly online: boolean;
}

/** Whether the old machine is to be kept, and how far that is. */
export interface Evidence {
  /** As the policies that act want it now; null where none does. */
  readonly wanted: Keeping | null;
  /** No place is left for it, and none is taken for it. */
  readonly isFull: boolean;
  /** What keeps it: begun for this replacement, or before. */
  readonly record: StoredQuarantine | null;
}

export interface NewInstance extends StoredInstance {
  readonly content: Verdict;
  readonly online: boolean;
  /** Its last complete scan found the state that it has now, and in sync. */
  readonly isScanOnRecord: boolean;
}

export function strategyOf({ policy }: World): Strategy {
  return policy?.strategy ?? Strategy.parse({});
}

/** The predecessor is on its way out, or gone: what fails now is not taken back. */
export function isPastReturn({ path }: Pick<Replacement, 'path'>): boolean {
  return path.includes('terminating') || path.includes('quarantining');
}

/** Why a replacement that was right when it was planned must not go on; undefined when nothing stands against it. */
export function objectionTo(replacement: Replacement, world: World, now: number): string | undefined {
  const { group, policy, old, breaker } = world;
  if (group === null) return `group ${replacement.group} is gone`;
  if (!group.stateless) return `group ${group.name} is not declared stateless any more`;
  const kept = keepsOf(group);
  if (kept !== undefined) return kept.message;
  if (policy === null || (old !== null && !selectorIn(policy.select, group)?.(old))) {
    return `policy ${replacement.policy} does not select it any more`;
  }
  if (policy.mode !== 'enforce') return `policy ${policy.name} only observes now`;
  if (breaker !== null) return `the breaker of group ${group.name} opened: ${breaker}`;
  if (old === null || old.lifecycle !== 'replacing') return 'the old instance is not there to be replaced any more';
  const wrong = wrongTarget(group, world);
  if (wrong !== undefined) return wrong;
  const closed = closedFor(replacement, world, now);
  if (closed !== undefined) return closed;
  const unapproved = lackOfApproval(replacement, world, now);
  if (unapproved !== undefined) return unapproved;
  switch (replacement.cause.trigger) {
    case 'drift':
      return old.taint === null ? 'its drift was pardoned or exempted' : undefined;
    case 'outdated':
      return currencyOf({ image: old.image, promoted: Object.values(group.images) }) === 'outdated' ||
        becomesCanary(replacement.cause, group)
        ? undefined
        : 'its image is promoted again';
    case 'age':
      // Nobody grows younger.
      return undefined;
    case 'silence':
      if (old.online) return 'it is not silent any more';
      return isWellAt(world, replacement.oldProviderId) ? 'its provider says that its machine runs' : undefined;
    case 'unverifiable':
      if (!old.online) return 'its agent is silent, and nobody knows any more whether it can be verified';
      return old.content === 'unverifiable' ? undefined : 'it can be verified again';
    case 'manual':
      return policy.triggers.some((trigger) => 'manual' in trigger)
        ? undefined
        : `policy ${policy.name} lets nobody ask any more`;
    default:
      return replacement.cause satisfies never;
  }
}

/** Whoever rolls back in the middle of a rollout wants none of the image that is left. */
function wrongTarget({ name, images }: Group, { target, paused }: World): string | undefined {
  if (target === null) return 'its target image is not there any more';
  const ref = imageRef(target);
  if (!Object.values(images).includes(ref)) return `${ref} is not promoted in group ${name} any more`;
  return paused === null ? undefined : `the rollout of ${ref} is paused: ${paused}`;
}

/** What is stable may have to make place for a canary. */
function becomesCanary({ from, to }: { readonly from: string; readonly to: string }, { images }: Group): boolean {
  return to === images['canary'] && to !== images['stable'] && to !== from;
}

/** What a provider does not say at the moment it is asked for again, before anything ends. */
function isWellAt({ machines }: World, providerId: string): boolean {
  const machine = machines?.find((one) => one.providerId === providerId);
  return machine !== undefined && witnessOf(machine) === null;
}

/** What has not begun begins in an open window only; what has may go on for a while when it closes. */
function closedFor({ state, cause }: Replacement, world: World, now: number): string | undefined {
  const graceMs = state === 'reserved' ? 0 : durationMs(strategyOf(world).overrunGrace);
  const closed = world.acting.find((policy) => isClosedSince(policy, cause.trigger, now, graceMs));
  return closed && `its windows have closed: ${closedBy(closed, cause.trigger, now)?.message}`;
}

/** A replacement that is itself not what was baked says that image, rules or something on the way is wrong. */
export function driftOfNew({ new: made }: World): string | undefined {
  if (made === null || (made.content !== 'drifted' && made.taint === null)) return undefined;
  return `the replacement ${made.providerId ?? made.id} drifted itself`;
}

export type CleanScan = { readonly instanceId: string; readonly scan: ProvingScan } | { readonly missing: string };

/** The scan that shows the new instance clean, or what is missing for one: nothing is taken on trust. */
export function cleanScanOf(replacement: Replacement, { new: made, old, rulesInForce }: World): CleanScan {
  if (made === null) return { missing: 'its agent has not enrolled' };
  const { scan, stateDigest, rules } = made;
  if (made.launchKey !== launchKeyOf(replacement.id) || made.group !== replacement.group) {
    return { missing: 'the instance is not of this launch' };
  }
  if (made.keyId === old?.keyId || made.id === replacement.oldInstanceId) {
    return { missing: 'it has the identity of its predecessor' };
  }
  if (made.imageDigest !== replacement.targetDigest) return { missing: 'it is of another image' };
  if (rulesInForce !== null && rules < rulesInForce) {
    return { missing: `it judges by rules ${rules}, and ${rulesInForce} are in force` };
  }
  if (scan === null || stateDigest === null) return { missing: 'no complete scan has arrived' };
  if (replacement.launchedAt === null || Date.parse(scan.startedAt) < replacement.launchedAt) {
    return { missing: 'its scan began before the launch' };
  }
  const coverage = Coverage.safeParse(made.coverage);
  if (!coverage.success || coverage.data.checked === 0) return { missing: 'its scan looked at nothing' };
  if (coverage.data.holes.length > 0) {
    const [hole] = coverage.data.holes;
    return { missing: `its scan has ${coverage.data.holes.length} holes, such as ${hole?.name}: ${hole?.reason}` };
  }
  if (made.content !== 'in_sync') return { missing: `it is ${made.content}` };
  if (!made.online) return { missing: 'its agent is not connected' };
  // Checks may have mended what a sweep found, or found more: a proof names one scan, and it must be one that was clean.
  if (!made.isScanOnRecord) return { missing: 'its state is not what its last complete scan found' };
  return { instanceId: made.id, scan: { ...scan, stateDigest, rules, coverage: coverage.data } };
}

/** The same for one that began after the soak, without which nothing succeeds. */
export function scanAfterSoak(replacement: Replacement, world: World): CleanScan {
  const clean = cleanScanOf(replacement, world);
  if ('missing' in clean) return clean;
  const { soakEndsAt, scan } = replacement;
  // By a clock that was set back since, the one before the end of its predecessor may seem to come after.
  const isAnother = clean.scan.scanId !== scan?.scanId;
  if (soakEndsAt === null || Date.parse(clean.scan.startedAt) < soakEndsAt || !isAnother) {
    return { missing: 'its last complete scan began before the soak was over' };
  }
  return clean;
}

/** `wanted` where somebody has to ask for a look now. */
export type CleanLook =
  | { readonly kind: 'not-asked-for' }
  | { readonly kind: 'clean'; readonly look: StoredLook }
  | { readonly kind: 'wanted' | 'awaited'; readonly missing: string };

const lookAgainMs = 30_000;

/** Where the policy asks for it: the look that saw the disk of the new instance clean, or what is missing for one. */
export function cleanLookOf(replacement: Replacement, world: World, now: number): CleanLook {
  if (strategyOf(world).proof !== 'outside') return { kind: 'not-asked-for' };
  const { look, new: made } = world;
  const launchedAt = replacement.launchedAt ?? Number.POSITIVE_INFINITY;
  if (look === null || look.instanceId !== made?.id || Date.parse(look.requestedAt) < launchedAt)
    return { kind: 'wanted', missing: 'nobody has looked at its disk from outside' };
  if (look.finishedAt === null)
    return { kind: 'awaited', missing: `its disk is looked at from outside: ${look.detail}` };
  if (isCleanLook(look, replacement.targetDigest)) return { kind: 'clean', look };
  const isDue = now >= Date.parse(look.finishedAt) + lookAgainMs;
  return { kind: isDue ? 'wanted' : 'awaited', missing: `from outside: ${look.detail}` };
}

/** What could not be looked at, or was not decided, proves nothing. */
export function isCleanLook({ outcome, result: { measure } }: StoredLook, imageDigest: string): boolean {
  return outcome === 'agrees' && measure?.verdict === 'in_sync' && measure.imageDigest === imageDigest;
}

export function reasonOf({ cause }: Pick<Replacement, 'cause'>): string {
  switch (cause.trigger) {
    case 'drift':
      return `${cause.severity} drift, ${cause.fingerprints.length === 1 ? 'one finding' : `${cause.fingerprints.length} findings`}`;
    case 'outdated':
      return `${cause.from} is not promoted any more; ${cause.to} is`;
    case 'age':
      return `older than ${cause.olderThan}: enrolled ${cause.enrolledAt}`;
    case 'silence':
      return `silent since ${cause.since}, and its machine is ${cause.witness ?? 'running'}`;
    case 'unverifiable':
      return `not verifiable since ${cause.since}`;
    case 'manual':
      return `${cause.by} asked for it: ${cause.reason}`;
    default:
      return cause satisfies never;
  }
}
