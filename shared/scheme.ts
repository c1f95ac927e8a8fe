import { z } from 'zod';
import { canonicalJson } from './canonical-json.ts';
import { factForms, factSubjects } from './fact.ts';

/**
 * What a manifest of this version records, and so exactly what `verify` compares. A change of how an attribute is
 * measured raises the version: unequal schemes are never compared, because that would look like drift.
 */
export const scheme = {
  version: 1,
  subjects: ['file', ...factSubjects].sort(),
  attributes: {
    file: [
      ...['type', 'mode', 'uid', 'gid', 'size', 'content', 'target', 'rdev'],
      ...['xattrs', 'capabilities', 'acl', 'selinux', 'flags'],
    ],
    ...Object.fromEntries(factSubjects.map((subject) => [subject, Object.keys(factForms[subject])])),
  },
};

export const Scheme = z.object({
  version: z.int().positive(),
  subjects: z.array(z.string()),
  attributes: z.record(z.string(), z.array(z.string())),
});
export type Scheme = z.infer<typeof Scheme>;

/** Known means: exactly this one. A version stands for its lists, so other lists under the same version are not understood. */
export function isKnownScheme(other: Scheme): boolean {
  return canonicalJson(other) === canonicalJson(scheme);
}
