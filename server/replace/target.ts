import type { Image } from '../../shared/image.ts';
import type { GroupSnapshot } from './snapshot.ts';

export type Target = { readonly image: Image } | { readonly missing: string };

/** What replacements of a group are launched from: its `stable` image, once somebody has pushed it. */
export function targetOf({ group, images }: Pick<GroupSnapshot, 'group' | 'images'>): Target {
  const ref = group.images['stable'];
  if (ref === undefined) return { missing: `group ${group.name} promotes no stable image` };
  const image = images.get(ref);
  return image === undefined ? { missing: `${ref}, its stable image, was never pushed` } : { image };
}
