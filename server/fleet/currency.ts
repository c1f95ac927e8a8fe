import type { Currency } from '../../shared/api.ts';
import { type ImageRef, imageRef } from '../../shared/image.ts';

/**
 * Whether the image of an instance is one that its group promotes. Nothing promoted, nothing outdated; an image that
 * was never pushed (null) cannot be judged.
 */
export function currencyOf({
  image,
  promoted,
}: {
  readonly image: { readonly name: string; readonly version: string } | null;
  readonly promoted: readonly ImageRef[];
}): Currency {
  if (image === null) return 'unknown';
  return promoted.length === 0 || promoted.includes(imageRef(image)) ? 'current' : 'outdated';
}
