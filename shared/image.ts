import { z } from 'zod';
import { Digest } from './digest.ts';

/** Names of images, groups and policies: what is safe in a URL, a path and a shell. */
export const Name = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/,
    'expected 1 to 64 of a-z 0-9 . _ -, starting and ending with a letter or digit',
  );
export const ImageVersion = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/, 'expected 1 to 128 of A-Z a-z 0-9 . _ + ~ -');

/** What an instance was made from. The digest is the sha256 of the manifest's statement bytes. */
export const Image = z.strictObject({ name: Name, version: ImageVersion, digest: Digest }).meta({ id: 'Image' });
export type Image = z.infer<typeof Image>;

/** `web@7`, as groups and people refer to an image. */
export const ImageRef = z
  .string()
  .refine((text) => parseImageRef(text) !== undefined, 'expected NAME@VERSION, such as web@7')
  .meta({ id: 'ImageRef' });
export type ImageRef = string;

export function parseImageRef(ref: ImageRef): { readonly name: string; readonly version: string } | undefined {
  const at = ref.indexOf('@');
  const name = ref.slice(0, at);
  const version = ref.slice(at + 1);
  if (at < 1 || !Name.safeParse(name).success || !ImageVersion.safeParse(version).success) return undefined;
  return { name, version };
}

export function imageRef(image: { readonly name: string; readonly version: string }): ImageRef {
  return `${image.name}@${image.version}`;
}
