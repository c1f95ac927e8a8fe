import type { Selectable } from 'kysely';
import type { Promotion, PromotionWay } from '../../shared/api-promotions.ts';
import type { ImageRef } from '../../shared/image.ts';
import type { Db } from './database.ts';
import { appendEvent } from './event-store.ts';
import { beginRollout, noteSoaked } from './rollout-store.ts';
import type { PromotionTable } from './tables.ts';

/** Who changes what a group promotes, and why. */
export interface Promoter {
  readonly actor: string;
  readonly how: PromotionWay;
  readonly reason: string | null;
}

type Images = Readonly<Record<string, ImageRef>>;

/** One promotion, and its event, for each channel that changed: by a command or by a document. */
export async function recordPromotions(
  db: Db,
  group: string,
  { before, after }: { readonly before: Images; readonly after: Images },
  { actor, how, reason }: Promoter,
  at: string,
): Promise<void> {
  const hadStable = await hasEverBeenStable(db, group);
  for (const channel of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [previous, image] = [before[channel] ?? null, after[channel] ?? null];
    if (previous === image) continue;
    await db
      .insertInto('promotion')
      .values({ group_name: group, channel, image, previous, how, actor, reason, at })
      .execute();
    if (image !== null && !Object.values(before).includes(image)) await beginRollout(db, group, image, at);
    // Nothing comes before the first image of a group, and what was stable before need not soak again.
    if (image !== null && (how === 'rolled-back' || (channel === 'stable' && !hadStable)))
      await noteSoaked(db, group, image, at, null);
    const type = how === 'rolled-back' ? 'image.rolled-back' : 'image.promoted';
    await appendEvent(db, { at, type, groupName: group, data: { channel, image, previous, how, actor, reason } });
  }
}

/** Whoever takes away what is stable, and then promotes, has not promoted the first. */
async function hasEverBeenStable(db: Db, group: string): Promise<boolean> {
  const row = await db
    .selectFrom('promotion')
    .select('id')
    .where('group_name', '=', group)
    .where('channel', '=', 'stable')
    .where('image', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Of the channel `stable`, by group, oldest first. */
export async function readStablePromotions(
  db: Db,
  groups: readonly string[],
): Promise<ReadonlyMap<string, readonly Promotion[]>> {
  if (groups.length === 0) return new Map();
  const rows = await db
    .selectFrom('promotion')
    .selectAll()
    .where('group_name', 'in', groups)
    .where('channel', '=', 'stable')
    .orderBy('id')
    .execute();
  return Map.groupBy(rows.map(storedPromotion), ({ group }) => group);
}

/**
 * What a rollback promotes: the image that was stable before the present one. Going back to an image, however that was
 * done, forgets what came after it, so that two rollbacks go back two images and not to the one that was left.
 */
export function imageBefore(history: readonly Pick<Promotion, 'image' | 'previous'>[]): ImageRef | null {
  const line: ImageRef[] = [];
  for (const { image, previous } of history) {
    if (line.length === 0 && previous !== null) line.push(previous);
    if (image === null) continue;
    const known = line.indexOf(image);
    if (known >= 0) line.length = known;
    line.push(image);
  }
  return line.at(-2) ?? null;
}

export function storedPromotion({ group_name: group, ...row }: Selectable<PromotionTable>): Promotion {
  return { ...row, group };
}
