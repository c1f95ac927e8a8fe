import { z } from 'zod';
import { claimedPrefix } from './claimed.ts';
import { type Image, ImageRef, imageRef, Name } from './image.ts';

export const Labels = z.record(
  z
    .string()
    .min(1)
    .max(64)
    .refine((key) => !key.startsWith(claimedPrefix), `${claimedPrefix}* is what agents claim about themselves`),
  z.string().max(256),
);

/** What a policy is for. Nothing that an agent says of itself is looked at. */
export const Selector = z
  .strictObject({
    group: Name.optional(),
    image: z.union([Name, ImageRef]).optional().describe('NAME@VERSION, or NAME for each of its versions'),
    labels: Labels.optional().describe(
      'exact matches: those of the group, and beside them what the instance enrolled with',
    ),
    zone: z.string().min(1).max(128).optional().describe('as the provider calls it'),
  })
  .describe('all parts must match, in whatever group; an empty selector selects nothing');
export type Selector = z.infer<typeof Selector>;

interface SelectableGroup {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Selectable {
  readonly image: Pick<Image, 'name' | 'version'> | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly zone: string | null;
}

/** Which instances of a group are selected; undefined where none can be. The one reading of selectors, for all who act by them. */
export function selectorIn(
  select: Selector,
  { name, labels: declared }: SelectableGroup,
): ((instance: Selectable) => boolean) | undefined {
  const { group, image, zone } = select;
  const labels = Object.entries(select.labels ?? {});
  if (group === undefined && image === undefined && zone === undefined && labels.length === 0) return undefined;
  if (group !== undefined && group !== name) return undefined;
  // What is declared for a group now holds for all of it, whatever its instances once enrolled with.
  const isDeclared = ([key]: readonly [string, string]) => Object.hasOwn(declared, key);
  if (labels.some((label) => isDeclared(label) && declared[label[0]] !== label[1])) return undefined;
  const own = labels.filter((label) => !isDeclared(label));
  return (instance) =>
    (zone === undefined || instance.zone === zone) &&
    (image === undefined || isOf(instance.image, image)) &&
    own.every(([key, value]) => instance.labels[key] === value);
}

function isOf(image: Selectable['image'], wanted: string): boolean {
  return image !== null && (image.name === wanted || imageRef(image) === wanted);
}

/** The label as selectors see it; null where there is none. */
export function labelOf(
  key: string,
  group: Pick<SelectableGroup, 'labels'>,
  instance: Pick<Selectable, 'labels'>,
): string | null {
  return group.labels[key] ?? instance.labels[key] ?? null;
}

/** `group web, zone a`, for people. */
export function selectorText({ group, image, labels, zone }: Selector): string {
  const parts = [
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(image === undefined ? [] : [`image ${image}`]),
    ...Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`),
    ...(zone === undefined ? [] : [`zone ${zone}`]),
  ];
  return parts.join(', ') || 'nothing';
}
