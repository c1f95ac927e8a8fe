import { type Image, imageRef } from '../../shared/image.ts';
import type { Group } from '../../shared/policy.ts';
import type { GroupSnapshot } from './snapshot.ts';

export type Target = { readonly image: Image } | { readonly missing: string };
export type Channel = 'stable' | 'canary';

/** What replacements of a group are launched from: its `stable` image, or that of its canaries, once somebody has pushed it. */
export function targetOf(
  { group, images }: Pick<GroupSnapshot, 'group' | 'images'>,
  channel: Channel = 'stable',
): Target {
  const ref = group.images[channel];
  if (ref === undefined) return { missing: `group ${group.name} promotes no ${channel} image` };
  const image = images.get(ref);
  return image === undefined ? { missing: `${ref}, its ${channel} image, was never pushed` } : { image };
}

/** A canary that has to go is followed by a canary. */
export function channelOf({ images }: Group, image: Image | null): Channel {
  return image !== null && imageRef(image) === images['canary'] ? 'canary' : 'stable';
}
