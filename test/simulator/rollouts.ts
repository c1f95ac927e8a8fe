import { digestOf } from '../../shared/digest.ts';
import { durationMs } from '../../shared/duration.ts';
import type { Group } from '../../shared/policy.ts';
import { sizeOf } from './limits.ts';
import type { View } from './view.ts';

/** How new images come into groups. Nothing here asks the code under test. */

const ended: readonly string[] = ['succeeded', 'failed'];

/** Of no image that is promoted, or of another than that of the canaries. */
export function isOutdated(digest: string, group: Group | undefined): boolean {
  const { canary, ...others } = group?.images ?? {};
  const isOther = Object.values(others).every((ref) => digestOfRef(ref) !== digest);
  return (isOther || canary !== undefined) && digestOfRef(canary ?? '') !== digest;
}

function digestOfRef(ref: string): string {
  return digestOf(`image ${ref}`);
}

/** How many canaries a group is to have, and for how long; of a size that it had before or after. */
function canariesOf({ images, canary }: Group, sizes: readonly number[]) {
  const has = images['canary'] !== undefined && images['canary'] !== images['stable'];
  const said = canary ?? (has ? { count: 1, soak: '1h' } : undefined);
  if (said === undefined) return undefined;
  const { count } = said;
  const counts = sizes.map((size) =>
    typeof count === 'number' ? count : Math.max(1, Math.floor((Number.parseInt(count, 10) * size) / 100)),
  );
  return { least: Math.min(...counts), most: Math.max(...counts), soakMs: durationMs(said.soak) };
}

/** Whichever images have had their canaries there, clean, for as long as it takes. */
export function noteSoaked(soaked: Set<string>, was: View, is: View): void {
  for (const { name, spec } of is.groups) {
    soaked.add(`${name} web@7`);
    const wanted = canariesOf(spec, [sizeOf(was, name), sizeOf(is, name)]);
    if (wanted === undefined) continue;
    for (const ref of Object.values(spec.images)) {
      for (const { instances } of [was, is]) {
        const clean = instances.filter(
          (row) =>
            row.group_name === name &&
            row.image_digest === digestOfRef(ref) &&
            row.lifecycle === 'active' &&
            row.verdict === 'in_sync' &&
            row.taint_at === null &&
            Date.parse(row.enrolled_at) + wanted.soakMs <= is.now,
        );
        if (clean.length >= wanted.least) soaked.add(`${name} ${ref}`);
      }
    }
  }
}

/** 12, 14: canaries come before the rest, and of an image that is paused, or not promoted, nothing is begun. */
export function canaries(was: View, is: View, soaked: ReadonlySet<string>): string[] {
  const known = new Set(was.replacements.map(({ id }) => id));
  const wrong: string[] = [];
  for (const { name, spec } of was.groups) {
    const active = is.replacements.filter((one) => one.group_name === name && !ended.includes(one.state));
    const keys = new Set<string | null>(active.map(({ id }) => `r-${id}`));
    for (const digest of new Set(active.filter(({ id }) => !known.has(id)).map((one) => one.target_digest))) {
      const ref = Object.values(spec.images).find((each) => digestOfRef(each) === digest);
      if (ref === undefined) {
        wrong.push(`a replacement in ${name} began onto an image that is not promoted`);
        continue;
      }
      if (was.paused.some((one) => one.group_name === name && one.image === ref))
        wrong.push(`a replacement in ${name} began onto ${ref}, which is paused`);
      const wanted = canariesOf(spec, [sizeOf(was, name), sizeOf(is, name)]);
      if (wanted === undefined || soaked.has(`${name} ${ref}`)) continue;
      const isThere = (view: View) =>
        new Set(
          view.instances
            .filter((row) => row.group_name === name && row.image_digest === digest && row.lifecycle !== 'retired')
            .flatMap((row) => (keys.has(row.launch_key) ? [] : row.id)),
        );
      const stays = isThere(is);
      const there = [...isThere(was)].filter((id) => stays.has(id)).length;
      const made = there + active.filter((one) => one.target_digest === digest).length;
      if (made > wanted.most)
        wrong.push(`${made} of ${ref} in ${name}, and its ${wanted.most} canaries have not soaked`);
    }
  }
  return wrong;
}
