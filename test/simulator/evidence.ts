import { actingOn } from './limits.ts';
import { ended, type Replaced, type View } from './view.ts';

/** Of what is kept as evidence: who asks for it, how much there is, and that none of it is ended before its time. */

/** How many each policy that acts would keep, of those that ask for a taint as grave as its has. */
export function askedOf(view: View, one: Replaced): readonly number[] {
  const order = ['info', 'low', 'medium', 'high', 'critical'];
  const taint = view.instances.find(({ id }) => id === one.old_instance_id)?.taint_severity ?? null;
  return actingOn(view, one)
    .flatMap(({ quarantine }) => quarantine ?? [])
    .filter(({ severity }) => taint !== null && order.indexOf(taint) >= order.indexOf(severity))
    .map(({ max }) => max);
}

/** Kept, and nothing stands in for it. */
export function isAlone({ quarantines }: View, instanceId: string): boolean {
  return quarantines.some(
    (kept) => kept.instance_id === instanceId && kept.state !== 'ended' && kept.replacement_id === null,
  );
}

/** Kept, or on the way to it. */
export function placesOf({ quarantines, replacements }: View, group: string): number {
  const kept = quarantines.filter((one) => one.group_name === group && one.state !== 'ended');
  const coming = replacements.filter(
    (one) => one.group_name === group && one.keeping !== null && !ended.includes(one.state),
  );
  return new Set([...kept.map((one) => one.instance_id), ...coming.map((one) => one.old_instance_id)]).size;
}

/** Machines that are kept and have been replaced, or are let go: nobody counts on them. */
export function apartOf({ quarantines }: View): ReadonlySet<string> {
  const away = quarantines.filter((one) => one.state !== 'ended' && (one.replacement_id ?? one.released_at) !== null);
  return new Set(away.map((one) => one.provider_id));
}

/** Kept for longer than it was to be, by nobody but a person: its group does without. */
export function overdueOf({ quarantines, now }: View): ReadonlySet<string> {
  const at = new Date(now).toISOString();
  const over = quarantines.filter((one) => one.state === 'kept' && one.replacement_id === null && one.expires_at <= at);
  return new Set(over.map((one) => one.provider_id));
}

export const endings = ['ending', 'ended'];

/** 9: what is kept is let go when its time is over and another stands in for it, or by a person; or somebody else ended it. */
export function evidence(was: View, is: View): string[] {
  const before = new Map(was.quarantines.map((one) => [one.id, one.state]));
  return is.quarantines.flatMap((one) => {
    if (!endings.includes(one.state) || endings.includes(before.get(one.id) ?? '')) return [];
    const isOver = one.replacement_id !== null && one.expires_at <= new Date(is.now).toISOString();
    const isLost = one.state === 'ended' && one.snapshot_id === null && !is.machines.has(one.provider_id);
    return isOver || isLost || one.released_at !== null ? [] : [`${one.provider_id} is let go before its time`];
  });
}
