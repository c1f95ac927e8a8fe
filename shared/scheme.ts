import { z } from 'zod';
import { canonicalJson } from './canonical-json.ts';
import { factForms, factSubjects } from './fact.ts';
import { liveForms, liveSubjects } from './live.ts';

export const Scheme = z.object({
  version: z.int().positive(),
  subjects: z.array(z.string()),
  attributes: z.record(z.string(), z.array(z.string())),
});
export type Scheme = z.infer<typeof Scheme>;

const withLabels: Scheme = {
  version: 1,
  subjects: ['file', ...factSubjects, ...liveSubjects].sort(),
  attributes: {
    file: [
      ...['type', 'mode', 'uid', 'gid', 'size', 'content', 'target', 'rdev'],
      ...['xattrs', 'capabilities', 'acl', 'flags', 'selinux'],
    ],
    ...Object.fromEntries(factSubjects.map((subject) => [subject, Object.keys(factForms[subject])])),
    ...Object.fromEntries(liveSubjects.map((subject) => [subject, Object.keys(liveForms[subject])])),
  },
};

/**
 * What a manifest of this version records, and what runs on the root (`live.ts`): exactly what `verify` compares. A change of how an attribute is
 * measured raises the version: unequal schemes are never compared, because that would look like drift. SELinux labels
 * are in it only where the bake had any: a root is often built where there are none, and labelled when it first boots.
 */
export function schemeOf({ labels }: { readonly labels: boolean }): Scheme {
  if (labels) return withLabels;
  const file = withLabels.attributes['file']!.filter((attribute) => attribute !== 'selinux');
  return { ...withLabels, attributes: { ...withLabels.attributes, file } };
}

/** Known means: exactly one of these. A version stands for its lists, so other lists under the same version are not understood. */
export function isKnownScheme(other: Scheme): boolean {
  return [true, false].some((labels) => canonicalJson(other) === canonicalJson(schemeOf({ labels })));
}

export function hasLabels(scheme: Scheme): boolean {
  return scheme.attributes['file']?.includes('selinux') === true;
}
