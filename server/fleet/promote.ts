import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import { type ImageRef, parseImageRef } from '../../shared/image.ts';
import type { Group } from '../../shared/policy.ts';
import type { Db } from '../store/database.ts';
import { applyGroup, readGroup, type StoredGroup } from '../store/group-store.ts';
import { findImageByRef } from '../store/image-store.ts';
import { imageBefore, type Promoter, readStablePromotions } from '../store/promotion-store.ts';
import { findRollout, noteSoaked } from '../store/rollout-store.ts';

export interface WantedPromotion {
  readonly group: string;
  readonly channel: 'stable' | 'canary';
  readonly image: ImageRef;
  readonly actor: string;
  readonly reason: string | null;
  /** Makes a canary stable that has not soaked clean. */
  readonly force?: boolean;
}

/**
 * Has a group promote an image; promoting what is promoted changes nothing. Whatever is not in the set of promoted images
 * after it is outdated, and goes by policy, under the same budgets as ever. Errors: NOT_FOUND; CONFLICT for a canary that is to
 * become stable and has not soaked clean; USAGE for one that is forced without a reason.
 */
export function promoteImage(db: Db, wanted: WantedPromotion, now: number) {
  const { group: name, channel, image, actor, reason } = wanted;
  return db.transaction().execute(async (tx) => {
    const stored = await existing(tx, name);
    await pushed(tx, image);
    if (channel === 'stable') await refuseUnsoaked(tx, stored, wanted, now);
    await promote(tx, stored, channel, image, { actor, how: 'promoted', reason }, now);
  });
}

/** Promotes the image that was stable before this one. Errors: NOT_FOUND; CONFLICT where there is none. */
export function rollBackImage(
  db: Db,
  { group: name, actor, reason }: Pick<WantedPromotion, 'group' | 'actor' | 'reason'>,
  now: number,
) {
  return db.transaction().execute(async (tx) => {
    const stored = await existing(tx, name);
    const image = imageBefore((await readStablePromotions(tx, [name])).get(name) ?? []);
    if (image === null) {
      throw new CodedError(
        'CONFLICT',
        `group ${name}: nothing was stable before ${stored.group.images['stable'] ?? 'now'}; ` +
          `name the image: \`pristinectl images promote NAME@VERSION --group ${name}\``,
      );
    }
    await pushed(tx, image);
    await promote(tx, stored, 'stable', image, { actor, how: 'rolled-back', reason }, now);
  });
}

/** A document makes no canary stable that a command would not. Errors: CONFLICT. */
export async function refuseUnsoakedIn(tx: Db, { name: group, images }: Group, actor: string, now: number) {
  const stored = await readGroup(tx, group);
  const image = images['stable'];
  if (stored === undefined || image === undefined) return;
  await refuseUnsoaked(tx, stored, { group, channel: 'stable', image, actor, reason: null }, now);
}

/** Its canaries are there to be waited for. A person who does not says why, and then nobody waits for them any more. */
async function refuseUnsoaked(
  tx: Db,
  { group }: StoredGroup,
  { image, force = false, reason }: WantedPromotion,
  now: number,
): Promise<void> {
  if (group.images['canary'] !== image || group.images['stable'] === image) return;
  const rollout = await findRollout(tx, group.name, image);
  if (rollout === undefined || (rollout.soakedAt !== null && rollout.paused === null)) return;
  if (!force) {
    const why =
      rollout.paused === null ? 'its canaries have not soaked clean yet' : `it is paused: ${rollout.paused.cause}`;
    throw new CodedError(
      'CONFLICT',
      `group ${group.name}: ${image} is a canary, and ${why}; \`pristinectl groups get ${group.name}\` shows it, ` +
        '`pristinectl images promote --force --reason TEXT` makes it stable all the same',
    );
  }
  if (reason === null) throw new CodedError('USAGE', 'expected a reason for making a canary stable by force');
  await noteSoaked(tx, group.name, image, timestamp(now), reason);
}

/** A canary that has become stable, or is what was rolled back from, is no canary any more. */
async function promote(
  tx: Db,
  { group }: StoredGroup,
  channel: 'stable' | 'canary',
  image: ImageRef,
  by: Promoter,
  now: number,
): Promise<void> {
  const { canary, stable, ...others } = { ...group.images, [channel]: image };
  const left = by.how === 'rolled-back' ? group.images['stable'] : undefined;
  const keepsCanary = canary !== undefined && canary !== stable && canary !== left;
  const images = { ...others, ...(stable !== undefined && { stable }), ...(keepsCanary && { canary }) };
  await applyGroup(tx, { ...group, images }, timestamp(now), by);
}

async function existing(tx: Db, name: string): Promise<StoredGroup> {
  const stored = await readGroup(tx, name);
  if (stored === undefined) throw new CodedError('NOT_FOUND', `there is no group ${name}`);
  return stored;
}

async function pushed(tx: Db, ref: ImageRef): Promise<void> {
  const parsed = parseImageRef(ref);
  if (parsed !== undefined && (await findImageByRef(tx, parsed)) !== undefined) return;
  throw new CodedError('NOT_FOUND', `there is no image ${ref}: push it with \`pristinectl images push\``);
}
