import { z } from 'zod';

/**
 * What a manifest of this version records, and so exactly what `verify` compares. A change of how an attribute is
 * measured raises the version: unequal schemes are never compared, because that would look like drift.
 */
export const scheme = {
  version: 1,
  subjects: ['file', 'package'],
  attributes: {
    file: ['type', 'mode', 'uid', 'gid', 'size', 'content', 'target', 'rdev'],
    package: ['version', 'status'],
  },
} as const;

export const Scheme = z.object({
  version: z.int().positive(),
  subjects: z.array(z.string()),
  attributes: z.record(z.string(), z.array(z.string())),
});
export type Scheme = z.infer<typeof Scheme>;

/** Known means: this version, and no subject or attribute that this program does not measure. */
export function isKnownScheme(other: Scheme): boolean {
  if (other.version !== scheme.version) return false;
  const known = scheme.attributes as Record<string, readonly string[]>;
  return other.subjects.every(
    (subject) =>
      known[subject] && (other.attributes[subject] ?? []).every((attribute) => known[subject]?.includes(attribute)),
  );
}
