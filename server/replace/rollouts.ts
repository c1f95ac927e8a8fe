import type { Blocker } from '../../shared/api.ts';
import { type Image, type ImageRef, imageRef } from '../../shared/image.ts';
import { canaryBlocker, hasSoaked, pauseCause } from './canary.ts';
import type { Ledger } from './ledger.ts';
import type { FleetSnapshot, GroupSnapshot } from './snapshot.ts';
import type { Target } from './target.ts';

/** How far new images have come, while one plan is made. */
export interface RolloutsInPlan {
  /** Why no more of the image may be made now; empty when they may. */
  blockersOf(group: GroupSnapshot, target: Target): readonly Blocker[];
  /** This plan makes one more. */
  plan(group: GroupSnapshot, image: Image): void;
  readonly soaked: readonly { readonly group: string; readonly image: ImageRef }[];
  readonly pauses: readonly { readonly group: string; readonly image: ImageRef; readonly cause: string }[];
}

/** Whatever is decided anew holds in the same plan: it must not be overtaken by what it is to stop. */
export function openRollouts({ groups, absence }: FleetSnapshot, ledger: Ledger, now: number): RolloutsInPlan {
  const all = [...groups.values()].flatMap((group) =>
    [...group.rollouts.values()].map(({ image, soakedAt }) => ({ group, name: group.group.name, image, soakedAt })),
  );
  const soaked = all
    .filter(
      ({ group, name, image, soakedAt }) => soakedAt === null && hasSoaked(group, image, ledger.sizeOf(name), now),
    )
    .map(({ name, image }) => ({ group: name, image }));
  // A server that has just come back hears of some before others.
  const watched = absence === null ? all : [];
  const pauses = watched.flatMap(({ group, name, image }) => {
    const cause = pauseCause(group, image);
    return cause === undefined ? [] : [{ group: name, image, cause }];
  });
  const planned = new Map<string, number>();
  const keyOf = (group: GroupSnapshot, image: ImageRef) => `${group.group.name} ${image}`;

  return {
    soaked,
    pauses,
    blockersOf(group, target) {
      if ('missing' in target) return [];
      const image = imageRef(target.image);
      const { name } = group.group;
      const blockers: Blocker[] = [];
      const latched = group.rollouts.get(image)?.paused?.cause;
      const cause = latched ?? pauses.find((one) => one.group === name && one.image === image)?.cause;
      if (cause !== undefined) {
        const advice = `\`images rollback --group ${name}\`, or \`images resume ${image} --group ${name}\` once it is good`;
        blockers.push({ kind: 'rollout-paused', message: `${image} is paused: ${cause}; ${advice}`, until: null });
      }
      const size = ledger.sizeOf(name);
      const first = canaryBlocker(group, image, { size, planned: planned.get(keyOf(group, image)) ?? 0, now });
      return first === undefined ? blockers : [...blockers, first];
    },
    plan(group, image) {
      const key = keyOf(group, imageRef(image));
      planned.set(key, (planned.get(key) ?? 0) + 1);
    },
  };
}
