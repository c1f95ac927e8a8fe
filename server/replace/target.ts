import type { Blocker } from '../../shared/api.ts';
import { type Image, type ImageRef, imageRef } from '../../shared/image.ts';
import type { Group } from '../../shared/policy.ts';
import { namedIn, wrongLaunch } from './preflight.ts';
import type { GroupSnapshot } from './snapshot.ts';

/** `wrong`: why a launch would not be of it. */
export type Target =
  | { readonly image: Image; readonly wrong: string | undefined }
  | { readonly missing: string; readonly kind: 'no-target' | 'template' };
export type Channel = 'stable' | 'canary';
type Launching = Pick<GroupSnapshot, 'group' | 'images' | 'preflights'>;

/**
 * What replacements of a group are launched from: its `stable` image, or that of its canaries, once somebody has pushed it; where
 * the template of its provider decides, what that launches, if the group promotes it.
 */
export function targetOf(launching: Launching, channel: Channel = 'stable'): Target {
  const { group, images, preflights } = launching;
  const ref = refOf(launching, channel);
  if (ref === undefined) return noneOf(launching, channel);
  const image = images.get(ref);
  if (image === undefined) return { missing: `${ref}, its ${channel} image, was never pushed`, kind: 'no-target' };
  return { image, wrong: wrongLaunch(image, preflights.get(namedIn(group, ref))) };
}

/** Where the template decides, what is not stable is not the less allowed: canaries alone must be what they are called. */
export function refOf({ group, preflights }: Omit<Launching, 'images'>, channel: Channel): ImageRef | undefined {
  const named = group.images[channel];
  if (group.imageSource !== 'provider' || channel === 'canary') return named;
  const said = preflights.get(null);
  if (said === undefined || 'refused' in said) return named;
  return Object.values(group.images).includes(said.image) ? said.image : named;
}

function noneOf({ group, preflights }: Launching, channel: Channel): Target {
  const said = group.imageSource === 'provider' ? preflights.get(null) : undefined;
  if (said !== undefined && 'image' in said)
    return {
      missing: `the template launches ${said.image}, which group ${group.name} does not promote`,
      kind: 'template',
    };
  return { missing: `group ${group.name} promotes no ${channel} image`, kind: 'no-target' };
}

/** Why nothing may be launched from it; undefined where it may. */
export function lackOf(target: Target): Pick<Blocker, 'kind' | 'message'> | undefined {
  if ('missing' in target) return { kind: target.kind, message: target.missing };
  return target.wrong === undefined ? undefined : { kind: 'template', message: target.wrong };
}

/** A canary that has to go is followed by a canary. */
export function channelOf({ images }: Group, image: Image | null): Channel {
  return image !== null && imageRef(image) === images['canary'] ? 'canary' : 'stable';
}
