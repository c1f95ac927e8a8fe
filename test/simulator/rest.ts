import { apartOf, endings } from './evidence.ts';
import { ended, type Replaced, type View } from './view.ts';

/** What there is when nothing goes wrong any more and time has passed. Nothing here asks the code under test. */

/** Whoever gets there does not come back. */
export const returns: readonly string[] = ['terminating', 'quarantining'];

/** The cloud names machines by what they were launched with. */
export function keyOf(providerId: string): string {
  return /^[mt]-[a-z]+-(r-.+)$/.exec(providerId)?.[1] ?? '';
}

export function isGivenUp(maker: Replaced | undefined): boolean {
  if (maker === undefined || maker.path.some((state) => returns.includes(state))) return false;
  return maker.path.includes('rolling_back') || maker.state === 'failed';
}

/**
 * 8: each of the first machines has one that stands in its place, and only what the cloud lost, or a person kept and let go
 * without a replacement, may be one less.
 */
function capacity(is: View, group: string, size: number): string[] {
  const apart = apartOf(is);
  const letGo = is.quarantines
    .filter((one) => one.replacement_id === null && endings.includes(one.state))
    .map((one) => one.provider_id);
  const less = new Set([...is.lost, ...letGo].map((providerId) => placeFirstHeldBy(providerId, is)));
  const own = [...is.machines.values()].filter((one) => one.group === group && !apart.has(one.providerId));
  const held = Map.groupBy(own, ({ providerId }) => placeFirstHeldBy(providerId, is));
  const wrong = Array.from({ length: size }, (_, n) => `old-${group}-${n}`).flatMap((place) => {
    const count = held.get(place)?.length ?? 0;
    return count === 1 || (count === 0 && less.has(place)) ? [] : [`${count} machines stand where ${place} stood`];
  });
  const strangers = [...held.keys()].filter((place) => !place.startsWith('old-'));
  return [...wrong, ...strangers.map((place) => `${place} is left, and nobody was told of it`)];
}

function placeFirstHeldBy(providerId: string, { replacements }: View): string {
  const maker = replacements.find(({ id }) => `r-${id}` === keyOf(providerId));
  return maker === undefined ? providerId : placeFirstHeldBy(maker.old_provider_id, { replacements } as View);
}

/** 6, 8, 11: nothing is left, nobody waits, and there are as many as there were. */
export function rest(is: View, sizes: ReadonlyMap<string, number>): string[] {
  const wrong: string[] = [];
  const isOf = (one: { readonly group_name: string }) => sizes.has(one.group_name);
  const open = is.replacements.filter((one) => isOf(one) && !ended.includes(one.state));
  for (const { id, state, error } of open) wrong.push(`replacement ${id} is still ${state}: ${error}`);
  for (const [group, size] of sizes) wrong.push(...capacity(is, group, size));
  for (const { providerId, state, launchKey, group } of is.machines.values()) {
    if (!sizes.has(group)) continue;
    if (state === 'draining') wrong.push(`${providerId} is left draining`);
    const isKept = is.quarantines.some((one) => one.provider_id === providerId && one.state !== 'ended');
    if (state === 'isolated' && !isKept) wrong.push(`${providerId} is left isolated`);
    const maker = is.replacements.find(({ id }) => `r-${id}` === launchKey);
    if (isGivenUp(maker)) wrong.push(`${providerId} is left of replacement ${maker?.id}, which was given up`);
  }
  for (const { snapshotId, key } of is.snapshots) {
    const isKept = is.quarantines.some(({ id, state }) => `q-${id}` === key && state !== 'ended');
    if (!isKept) wrong.push(`snapshot ${snapshotId} is left`);
  }
  for (const { id, lifecycle, taint_at: taint, provider_id: machine } of is.instances.filter(isOf)) {
    if (lifecycle === 'active' && !is.machines.has(machine ?? '')) wrong.push(`${id} counts, and its machine is gone`);
    if (lifecycle === 'replacing') wrong.push(`${id} is being replaced, and nobody does it`);
    if (lifecycle === 'active' && taint !== null) wrong.push(`${id} is tainted, and nobody came`);
    const own = is.findings.get(id) ?? [];
    if (lifecycle === 'active' && taint === null && own.length > 0 && !is.pardoned.has(id))
      wrong.push(`${id} drifted, and nobody knows of it since an exemption ended`);
  }
  return wrong;
}
