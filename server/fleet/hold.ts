import type { Hold } from '../../shared/api-holds.ts';

/** What holds are in force, found by what they are on. Pure. */
export interface Holds {
  /** On everything, on the group, on one of these instances: in this order. */
  on(group: string, ...instanceIds: readonly (string | null | undefined)[]): readonly Hold[];
  /** On everything, on the group, or on any of its instances. */
  within(group: string): readonly Hold[];
}

export function holdsOf(inForce: readonly Hold[]): Holds {
  const byPlace = Map.groupBy(inForce, placeOf);
  return {
    on(group, ...instanceIds) {
      const instances = instanceIds.filter((id) => typeof id === 'string').map((id) => `instance ${id}`);
      return ['all', `group ${group}`, ...instances].flatMap((place) => byPlace.get(place) ?? []);
    },
    within: (group) => inForce.filter((hold) => hold.scope === 'all' || hold.group === group),
  };
}

function placeOf({ scope, target }: Pick<Hold, 'scope' | 'target'>): string {
  return target === null ? scope : `${scope} ${target}`;
}

/** For whoever asks at night why nothing happens. */
export function holdSentence(hold: Hold): string {
  const { scope, author, expiresAt, reason } = hold;
  const what = scope === 'all' ? 'everything is stopped' : `${scope === 'group' ? placeOf(hold) : 'it'} is held`;
  return `${what} by ${author} ${expiresAt === null ? 'until it is lifted' : `until ${expiresAt}`}: ${reason}`;
}
