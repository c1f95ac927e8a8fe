import { z } from 'zod';
import { archiveError } from './archive-error.ts';

/** The documents of image-spec 1.1 and of `docker save`, as far as they say where a root is. Others' members may be many. */

const text = z.string().max(4_096);
const DigestText = z.string().regex(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/);
const Platform = z.object({ os: text, architecture: text, variant: text.optional() });

export const Descriptor = z.object({
  mediaType: text.optional(),
  digest: DigestText,
  size: z.int().nonnegative(),
  platform: Platform.optional(),
  annotations: z.record(z.string(), text).optional(),
});
export type Descriptor = z.infer<typeof Descriptor>;

export const ImageIndex = z.object({ manifests: z.array(Descriptor).min(1).max(1_000) });

export const ImageManifest = z.object({
  config: Descriptor,
  layers: z.array(Descriptor).max(1_000),
});

export const ImageConfig = z.object({
  os: text.default('linux'),
  architecture: text,
  variant: text.optional(),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: z.array(DigestText).max(1_000) }),
});
export type ImageConfig = z.infer<typeof ImageConfig>;

/** `manifest.json` of `docker save`. */
export const SavedImages = z
  .array(
    z.object({
      Config: text,
      RepoTags: z.array(text).max(1_000).nullish(),
      Layers: z.array(text).max(1_000),
    }),
  )
  .min(1)
  .max(1_000);

/** Errors: ARCHIVE. */
export function parseDocument<T>(schema: z.ZodType<T>, name: string, bytes: Buffer): T {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw archiveError(`${name} of the image is no JSON`, cause);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw archiveError(`${name} of the image: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}`);
}
