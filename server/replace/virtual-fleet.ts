import { durationMs } from '../../shared/duration.ts';
import { type Image, imageRef } from '../../shared/image.ts';
import { isAgeTrigger, type Policy } from '../../shared/policy.ts';
import { highestSeverity } from '../../shared/severity.ts';
import { currencyOf } from '../fleet/currency.ts';
import { startsPerHourMax } from './budget.ts';
import type { Past, PastInstance } from './past.ts';
import { asPromised } from './preflight.ts';
import type { GroupSnapshot, InstanceDrift, InstanceSnapshot, ReplacedDrift } from './snapshot.ts';

/** A place in a group, whoever is in it: an instance of the past and those that really replaced it, or would have. */
export interface Slot {
  readonly group: VirtualGroup;
  /** In turn; never empty. */
  readonly past: readonly PastInstance[];
  id: string;
  providerId: string;
  launchKey: string | null;
  image: Image | null;
  enrolledAt: number;
  /** How often it would have been replaced. */
  generation: number;
  taint: InstanceSnapshot['taint'];
  drifts: InstanceDrift[];
  /** `leaving` while its old instance is being replaced, `coming` while only the new one is there. */
  state: 'away' | 'here' | 'leaving' | 'coming';
  /** Where it is kept: `busy` by itself, or with others that wait as it does; null for one that is only counted. */
  place: string | null;
  /** Since when something about it may want it replaced; null while nothing does. */
  wantedAt: number | null;
  /** Until when the look at the end of a replacement of ours vouches for it. */
  vouchedUntil: number;
}

export interface VirtualGroup {
  /** As it is now; its instances are not used. */
  readonly live: GroupSnapshot;
  /** Some policy selects it. Of the others only the size matters. */
  readonly isWanted: boolean;
  readonly outdatedFrom: number;
  readonly agesMs: readonly number[];
  readonly evidenceTtlMs: number;
  /** How many are in service, or leaving it. */
  present: number;
  readonly busy: Set<Slot>;
  /** Untainted, outdated or old: oldest first, and all of one of these alike. */
  readonly waiting: Map<string, Slot[]>;
  breaker: GroupSnapshot['breaker'];
  breakerResetAt: number;
  /** Oldest first; another list whenever it changes. */
  replaced: readonly ReplacedDrift[];
  shownAt: number;
}

/** No plan starts more than may start in an hour: of those that are alike, more need not be shown to it. */
export const alikeShownMax = startsPerHourMax + 1;
const hourMs = 3_600_000;
const weekMs = 168 * hourMs;

export function createGroup(
  live: GroupSnapshot,
  acting: readonly Policy[],
  {
    past,
    from,
    evidenceTtlMs,
    isWanted,
  }: { readonly past: Past; readonly from: number; readonly evidenceTtlMs: number; readonly isWanted: boolean },
): VirtualGroup {
  const ages = acting.flatMap(({ triggers }) => triggers.filter(isAgeTrigger)).map((age) => durationMs(age.olderThan));
  const { name } = live.group;
  const wasOpen = live.breaker !== null && Date.parse(live.breaker.trippedAt) < from;
  return {
    ...{ live, isWanted, evidenceTtlMs },
    outdatedFrom: past.groupsChangedAt.get(name) ?? Number.NEGATIVE_INFINITY,
    agesMs: [...new Set(ages)].sort((a, b) => a - b),
    ...{ present: 0, busy: new Set<Slot>(), waiting: new Map<string, Slot[]>() },
    breaker: wasOpen ? live.breaker : null,
    breakerResetAt: live.breakerResetAt < from ? live.breakerResetAt : 0,
    replaced: past.replacements
      .filter(({ group, createdAt, shapes }) => group === name && createdAt < from && shapes.length > 0)
      .map(({ id, oldInstanceId, createdAt, shapes }) => ({
        ...{ replacementId: id, instanceId: oldInstanceId, at: createdAt, shapes },
      }))
      .sort((a, b) => a.at - b.at),
    shownAt: Number.NEGATIVE_INFINITY,
  };
}

export function createSlot(group: VirtualGroup, past: readonly PastInstance[], image: Image | null): Slot {
  const { id, providerId, launchKey, enrolledAt } = past[0]!;
  return {
    ...{ group, past, id, providerId: providerId ?? `machine of ${id}`, launchKey, image, enrolledAt },
    ...{ generation: 0, taint: null, drifts: [], state: 'away', place: null, wantedAt: null },
    vouchedUntil: Number.NEGATIVE_INFINITY,
  };
}

/** Puts a slot where it belongs now; to be called whenever something about it has changed. Whether it was elsewhere before. */
export function place(slot: Slot, now: number): boolean {
  const { group } = slot;
  const to = placeOf(slot, now);
  if (to === slot.place) return false;
  if (slot.place === 'busy') group.busy.delete(slot);
  else if (slot.place !== null) take(group.waiting, slot.place, slot);
  if (to === 'busy') group.busy.add(slot);
  else if (to !== null) insert(group.waiting, to, slot);
  slot.wantedAt = to === null ? null : (slot.wantedAt ?? now);
  slot.place = to;
  return true;
}

function placeOf(slot: Slot, now: number): string | null {
  const { group, state, image, taint } = slot;
  if (state === 'away' || state === 'coming' || !group.isWanted) return null;
  if (state === 'leaving' || taint !== null) return 'busy';
  const promoted = Object.values(group.live.group.images);
  const isOutdated = now >= group.outdatedFrom && currencyOf({ image, promoted }) === 'outdated';
  const passed = group.agesMs.filter((ms) => now - slot.enrolledAt > ms).length;
  if (!isOutdated && passed === 0) return null;
  return [isOutdated && image?.digest, passed, isDoubted(slot, now), (expiryOf(slot, now) ?? 0) > now].join(' ');
}

function insert(waiting: VirtualGroup['waiting'], key: string, slot: Slot): void {
  const queue = waiting.get(key) ?? [];
  waiting.set(key, queue);
  let [low, high] = [0, queue.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(queue[middle]!, slot)) low = middle + 1;
    else high = middle;
  }
  queue.splice(low, 0, slot);
}

/** The order of the planner. */
function isBefore(a: Slot, b: Slot): boolean {
  return a.enrolledAt < b.enrolledAt || (a.enrolledAt === b.enrolledAt && a.id < b.id);
}

function take(waiting: VirtualGroup['waiting'], key: string, slot: Slot): void {
  const queue = waiting.get(key)!;
  queue.splice(queue.indexOf(slot), 1);
  if (queue.length === 0) waiting.delete(key);
}

/** Nothing can be begun in it now, so that the planner need not see it; behind an open breaker it sees it once an hour. */
export function isQuiet({ busy, waiting, breaker, shownAt }: VirtualGroup, now: number): boolean {
  return (busy.size === 0 && waiting.size === 0) || (breaker !== null && now < shownAt + hourMs);
}

/** What the planner sees of it: who may matter one by one, the others as a number. */
export function snapshotOf(group: VirtualGroup, now: number): GroupSnapshot {
  const { live, busy, waiting } = group;
  const shown = [...busy, ...[...waiting.values()].flatMap((queue) => queue.slice(0, alikeShownMax))];
  const instances = shown.map((slot) => instanceOf(slot, now));
  if (group.replaced[0] !== undefined && group.replaced[0].at <= now - weekMs)
    group.replaced = group.replaced.filter(({ at }) => at > now - weekMs);
  return {
    ...live,
    preflights: asPromised(live.group),
    group: now >= group.outdatedFrom ? live.group : withImagesOf(instances, live.group),
    ...{ breaker: group.breaker, breakerResetAt: group.breakerResetAt, failures: null, replaced: group.replaced },
    machines: instances.map(({ providerId, launchKey }) => ({
      ...{ providerId: providerId ?? '', launchKey, state: 'running' as const, drainedBy: null },
    })),
    instances,
    bystanders: group.present - shown.length,
  };
}

/** What was promoted then is not kept: nothing is outdated. */
function withImagesOf(instances: readonly InstanceSnapshot[], group: GroupSnapshot['group']): GroupSnapshot['group'] {
  const refs = new Set(instances.flatMap(({ image }) => (image === null ? [] : [imageRef(image)])));
  const then = Object.fromEntries([...refs].map((ref, n) => [`then-${n}`, ref]));
  return { ...group, images: { ...then, ...group.images } };
}

function instanceOf(slot: Slot, now: number): InstanceSnapshot {
  const { id, providerId, launchKey, image, taint, drifts, enrolledAt } = slot;
  return {
    ...{ id, providerId, launchKey, image, taint, drifts, enrolledAt },
    lifecycle: slot.state === 'leaving' ? 'replacing' : 'active',
    content: taint === null ? 'in_sync' : 'drifted',
    isInDoubt: isDoubted(slot, now),
    // Silence, holes, labels, zones and what people asked for are not kept, and so not replayed.
    ...{ labels: {}, zone: null, silentSince: null, heardAt: now, unverifiableSince: null, requested: null },
    online: true,
    evidenceExpiresAt: expiryOf(slot, now),
  };
}

function isDoubted({ past }: Slot, now: number): boolean {
  return past.some(({ doubtedSince }) => doubtedSince !== null && doubtedSince <= now);
}

/** Null for one that nobody had looked at by then. */
function expiryOf({ past, group, vouchedUntil }: Slot, now: number): number | null {
  let until = vouchedUntil;
  for (const { looked } of past)
    for (const { from, to } of looked) if (from <= now) until = Math.max(until, to + group.evidenceTtlMs);
  return Number.isFinite(until) ? until : null;
}

export function drift(slot: Slot, found: InstanceDrift, now: number): boolean {
  const { state, taint } = slot;
  if (state === 'away' || state === 'coming') return false;
  const severity = taint === null ? found.severity : highestSeverity(taint.severity, found.severity);
  slot.taint = { severity, since: taint?.since ?? now };
  slot.drifts = [...slot.drifts.filter(({ fingerprint }) => fingerprint !== found.fingerprint), found];
  place(slot, now);
  return slot.place !== null;
}

export function lift(slot: Slot, now: number): boolean {
  slot.taint = null;
  slot.drifts = [];
  return place(slot, now);
}

export function join(slot: Slot, now: number): boolean {
  if (slot.state !== 'away') return false;
  slot.state = 'here';
  slot.group.present += 1;
  return place(slot, now);
}

export function leave(slot: Slot, now: number): boolean {
  if (slot.state === 'here' || slot.state === 'leaving') slot.group.present -= 1;
  slot.state = 'away';
  return lift(slot, now);
}

/** Its old instance is gone, and what was wrong with it. */
export function retire(slot: Slot, now: number): boolean {
  if (slot.state !== 'leaving') return false;
  slot.group.present -= 1;
  slot.state = 'coming';
  slot.enrolledAt = now;
  lift(slot, now);
  return true;
}

/** The new one has been watched, and is one like the others. */
export function settle(slot: Slot, made: { readonly launchKey: string; readonly image: Image }, now: number): void {
  if (slot.state !== 'coming') return;
  slot.generation += 1;
  slot.id = `${slot.past[0]?.id} ${slot.generation}`;
  slot.providerId = `machine of ${slot.id}`;
  slot.launchKey = made.launchKey;
  slot.image = made.image;
  slot.vouchedUntil = now + slot.group.evidenceTtlMs;
  slot.state = 'here';
  slot.group.present += 1;
  place(slot, now);
}

export function reset(group: VirtualGroup, now: number): boolean {
  group.breaker = null;
  group.breakerResetAt = now;
  return group.isWanted;
}
