import type { Instance } from '../api/types.ts';
import { type FleetSearch, wordsOf } from './fleet-search.ts';

/** The four states of an instance, and what is derived across them. Within one facet words add up; facets narrow each other. */
export const facets = ['only', 'content', 'liveness', 'currency', 'lifecycle'] as const;
export type Facet = (typeof facets)[number];

export const facetWords = {
  only: ['attention', 'tainted'],
  content: ['drifted', 'unverifiable', 'in_sync'],
  liveness: ['online', 'silent', 'absent'],
  currency: ['current', 'outdated', 'expired', 'unknown'],
  lifecycle: ['active', 'replacing', 'quarantined'],
} as const satisfies Record<Facet, readonly string[]>;

export function filterInstances(instances: readonly Instance[], search: FleetSearch): readonly Instance[] {
  return instances.filter(
    (instance) => inScope(instance, search) && facets.every((facet) => fits(instance, facet, search)),
  );
}

/** How many instances each chip would show: the other facets count, its own does not, so that a chip can be added to. */
export function chipCounts(instances: readonly Instance[], search: FleetSearch): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const instance of instances) {
    if (!inScope(instance, search)) continue;
    const misfits = facets.filter((facet) => !fits(instance, facet, search));
    for (const facet of facets) {
      if (misfits.some((other) => other !== facet)) continue;
      for (const word of wordsFor(instance, facet)) {
        const key = `${facet}:${word}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
  }
  return counts;
}

/** What needs a person comes first: by how bad it is, then by name, so that the order does not jump. */
export function byAttention(a: Instance, b: Instance): number {
  return attentionRank(b) - attentionRank(a) || byName(a, b);
}

/** `web-2` before `web-10`. One collator: localeCompare makes its own each time, which is felt at ten thousand names. */
const collator = new Intl.Collator('en', { numeric: true });

export function byName(a: Instance, b: Instance): number {
  return collator.compare(nameOf(a), nameOf(b));
}

export function nameOf(instance: Instance): string {
  return instance.providerId ?? instance.id;
}

function attentionRank(instance: Instance): number {
  const base = { drifted: 4, unverifiable: 2, in_sync: 0 }[instance.content];
  return (instance.needsAttention ? 8 : 0) + base + (instance.taint === null ? 0 : 1);
}

function inScope(instance: Instance, { group, q }: FleetSearch): boolean {
  if (group !== undefined && instance.group !== group) return false;
  if (q === undefined) return true;
  const text = [instance.id, instance.providerId, instance.group, instance.image?.name, instance.image?.version];
  const labels = Object.entries(instance.labels).map(([key, value]) => `${key}=${value}`);
  const haystack = [...text, ...labels, ...Object.values(instance.facts)].join('\n').toLowerCase();
  return haystack.includes(q.trim().toLowerCase());
}

function fits(instance: Instance, facet: Facet, search: FleetSearch): boolean {
  const wanted = wordsOf(search[facet]);
  if (wanted.length === 0) return true;
  const has = wordsFor(instance, facet);
  return wanted.some((word) => has.includes(word));
}

function wordsFor(instance: Instance, facet: Facet): readonly string[] {
  if (facet !== 'only') return [instance[facet]];
  return [instance.needsAttention ? 'attention' : '', instance.taint === null ? '' : 'tainted'].filter(Boolean);
}
