import type { Blocker } from '../../shared/api.ts';
import { timestamp } from '../../shared/clock.ts';
import { durationMs } from '../../shared/duration.ts';
import { type Image, type ImageRef, imageRef } from '../../shared/image.ts';
import { CanarySettings, type Group } from '../../shared/policy.ts';
import { capOf } from './budget.ts';
import { launchKeyOf } from './launch-key.ts';
import { sinceOf } from './rollout-record.ts';
import type { GroupSnapshot, InstanceSnapshot } from './snapshot.ts';

/** Fewer bad ones say nothing about an image. */
const badMin = 2;

/** What a group says of its canaries; null where it has none. */
function settingsOf({ canary, images }: Group): CanarySettings | null {
  const has = images['canary'] !== undefined && images['canary'] !== images['stable'];
  return canary ?? (has ? CanarySettings.parse({}) : null);
}

/**
 * Why no more instances of the image may be made now: as many as there are canaries come first, and soak. An image that has
 * soaked once, or that was promoted before anything else was, need not. `planned` are those that this plan makes.
 */
export function canaryBlocker(
  group: GroupSnapshot,
  image: ImageRef,
  { size, planned, now }: { readonly size: number; readonly planned: number; readonly now: number },
): Blocker | undefined {
  const settings = settingsOf(group.group);
  const rollout = group.rollouts.get(image);
  if (settings === null || rollout === undefined || rollout.soakedAt !== null) return undefined;
  const count = capOf(settings.count, size);
  const there = madeOf(group, image) + planned;
  if (there < count || hasSoaked(group, image, size, now)) return undefined;
  const soaking = soakingOf(group, image).map(({ enrolledAt }) => enrolledAt + durationMs(settings.soak));
  const last = soaking.sort((a, b) => a - b)[count - 1];
  const done = soaking.filter((at) => at <= now).length;
  return {
    kind: 'canary',
    message: `${count} of ${image} come first and soak for ${settings.soak}: there are ${there}, and ${done} have soaked clean`,
    until: last === undefined ? null : timestamp(last),
  };
}

/** Whether as many as there are to be have been there, clean, for as long as they are to soak. */
export function hasSoaked(group: GroupSnapshot, image: ImageRef, size: number, now: number): boolean {
  const settings = settingsOf(group.group);
  if (settings === null) return false;
  const soakMs = durationMs(settings.soak);
  const done = soakingOf(group, image).filter(({ enrolledAt }) => enrolledAt + soakMs <= now);
  return done.length >= capOf(settings.count, size);
}

/**
 * Which instances become canaries: as many as are missing, those first that must go anyway, then the oldest. None beyond,
 * so that nobody waits for a turn that never comes.
 */
export function chosenCanaries(
  group: GroupSnapshot,
  mayBecome: (instance: InstanceSnapshot) => boolean,
  size: number,
): ReadonlySet<string> {
  const { canary, stable } = group.group.images;
  const settings = settingsOf(group.group);
  if (canary === undefined || canary === stable || settings === null) return new Set();
  const missing = capOf(settings.count, size) - madeOf(group, canary);
  if (missing <= 0) return new Set();
  const made = new Set([...(group.rollouts.get(canary)?.coming ?? [])].map(launchKeyOf));
  const free = group.instances.filter(
    (instance) =>
      instance.lifecycle === 'active' &&
      !instance.isInDoubt &&
      instance.providerId !== null &&
      !made.has(instance.launchKey ?? '') &&
      instance.image !== null &&
      imageRef(instance.image) !== canary &&
      mayBecome(instance),
  );
  const isStable = ({ image }: InstanceSnapshot) => Number(image !== null && imageRef(image) === stable);
  const inTurn = free.toSorted(
    (a, b) => isStable(a) - isStable(b) || a.enrolledAt - b.enrolledAt || (a.id < b.id ? -1 : 1),
  );
  return new Set(inTurn.slice(0, missing).map(({ id }) => id));
}

/**
 * Why the rollout must pause: what is of the new image fares worse than what it replaces, by those that drifted, fell silent,
 * or never got there. Undefined when it need not.
 */
export function pauseCause(group: GroupSnapshot, image: ImageRef): string | undefined {
  const rollout = group.rollouts.get(image);
  if (rollout === undefined || rollout.paused !== null) return undefined;
  const isBad = ({ id, taint }: InstanceSnapshot) => taint !== null || rollout.silent.has(id);
  const own = group.instances.filter((one) => isOf(one, image) && one.enrolledAt >= sinceOf(rollout));
  const others = group.instances.filter((one) => !isOf(one, image));
  const fresh = { bad: own.filter(isBad).length + rollout.failed, all: own.length + rollout.failed };
  const before = {
    bad: others.filter(isBad).length + rollout.others.drifted,
    all: others.length + rollout.others.replaced,
  };
  if (fresh.bad < badMin || others.length === 0) return undefined;
  if (fresh.bad * before.all <= before.bad * fresh.all) return undefined;
  return `${fresh.bad} of ${fresh.all} of ${image} drifted, fell silent or failed, and ${before.bad} of ${before.all} of what it replaces`;
}

/** Instances of it, and those that are on their way. */
function madeOf(group: GroupSnapshot, image: ImageRef): number {
  const there = group.instances.filter((one) => isOf(one, image));
  const keys = new Set(there.map(({ launchKey }) => launchKey));
  const coming = group.rollouts.get(image)?.coming ?? [];
  return there.length + coming.filter((id) => !keys.has(launchKeyOf(id))).length;
}

function soakingOf(group: GroupSnapshot, image: ImageRef): readonly InstanceSnapshot[] {
  return group.instances.filter(
    (one) =>
      isOf(one, image) && one.lifecycle === 'active' && one.content === 'in_sync' && one.taint === null && one.online,
  );
}

function isOf({ image }: { readonly image: Image | null }, ref: ImageRef): boolean {
  return image !== null && imageRef(image) === ref;
}
