import type { Currency } from '../../shared/api.ts';
import { type ImageRef, imageRef } from '../../shared/image.ts';

/**
 * Whether the image of an instance is one that its group promotes. Nothing promoted, nothing outdated; an image that
 * was never pushed cannot be judged.
 */
export function currencyOf(
  image: { readonly name: string; readonly version: string } | null,
  promoted: Readonly<Record<string, ImageRef>>,
): Currency {
  if (image === null) return 'unknown';
  const refs = Object.values(promoted);
  return refs.length === 0 || refs.includes(imageRef(image)) ? 'current' : 'outdated';
}
