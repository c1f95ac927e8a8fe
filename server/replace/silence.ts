import { durationMs } from '../../shared/duration.ts';
import { imageRef } from '../../shared/image.ts';
import type { Machine } from '../provider/provider.ts';
import { percentOf } from './budget.ts';
import type { FleetSnapshot, GroupSnapshot, InstanceSnapshot } from './snapshot.ts';

/** What silence says, DESIGN §5 rule 8: nothing by itself, and nothing at all where much falls silent at once. */

const [massPercent, massMin] = [5, 3] as const;
const massWithinMs = 600_000;

export type Witness = 'stopped' | 'impaired';

/** What the provider says of the machine of a silent agent; null where it has nothing to say against it. */
export function witnessOf(machine: Machine | undefined): Witness | null {
  if (machine?.state === 'stopped') return 'stopped';
  return machine?.isImpaired === true ? 'impaired' : null;
}

export function machineOf({ providerId }: InstanceSnapshot, { machines }: GroupSnapshot): Machine | undefined {
  return providerId === null ? undefined : machines?.find((machine) => machine.providerId === providerId);
}

/** Since when an instance is silent for so long; null while it is not. */
export function silentFor({ silentSince }: InstanceSnapshot, duration: string, now: number): number | null {
  return silentSince !== null && now - silentSince >= durationMs(duration) ? silentSince : null;
}

/** Since when it is connected, and yet cannot be vouched for; null while that is not so for so long. */
export function unverifiableFor({ online, unverifiableSince }: InstanceSnapshot, duration: string, now: number) {
  if (!online || unverifiableSince === null) return null;
  return now - unverifiableSince >= durationMs(duration) ? unverifiableSince : null;
}

/** For an instance, where much of what it belongs to is as it is; undefined where that is not so. */
export type Mass = (instance: InstanceSnapshot) => string | undefined;

/** Falling silent at once is a network, a zone or this server; a machine that has died does so alone. */
export function massSilence(snapshot: FleetSnapshot): Mass {
  return massOf(
    snapshot,
    ({ silentSince, heardAt }) => (silentSince === null ? null : heardAt),
    (count, size, where) =>
      `${count} of ${size} ${where} fell silent within ten minutes: silence triggers nothing there`,
    massWithinMs,
  );
}

/** What cannot be measured on many is a rule, an image or an agent, and no machine. */
export function massUnverifiable(snapshot: FleetSnapshot): Mass {
  return massOf(
    snapshot,
    ({ online, unverifiableSince }) => (online ? unverifiableSince : null),
    (count, size, where) => `${count} of ${size} ${where} cannot be verified: that triggers nothing there`,
    Number.POSITIVE_INFINITY,
  );
}

function massOf(
  { groups }: FleetSnapshot,
  sinceOf: (instance: InstanceSnapshot) => number | null,
  text: (count: number, size: number, where: string) => string,
  withinMs: number,
): Mass {
  const crowds = new Map<string, { size: number; readonly since: number[] }>();
  for (const { instances } of groups.values()) {
    for (const instance of instances) {
      const since = sinceOf(instance);
      for (const where of crowdsOf(instance)) {
        const crowd = crowds.get(where) ?? { size: 0, since: [] };
        crowds.set(where, crowd);
        // Agents that no machine stands behind would raise the limit.
        if (instance.providerId !== null) crowd.size += 1;
        if (since !== null) crowd.since.push(since);
      }
    }
  }
  const masses = new Map<string, string>();
  for (const [where, { size, since }] of crowds) {
    const count = mostWithin(since, withinMs);
    if (count >= Math.max(massMin, percentOf(massPercent, size))) masses.set(where, text(count, size, where));
  }
  return (instance) => crowdsOf(instance).flatMap((where) => masses.get(where) ?? [])[0];
}

function crowdsOf({ zone, image }: InstanceSnapshot): readonly string[] {
  return [
    'in the fleet',
    ...(zone === null ? [] : [`in zone ${zone}`]),
    ...(image === null ? [] : [`of image ${imageRef(image)}`]),
  ];
}

/** The most of these moments that lie within so many milliseconds. */
function mostWithin(moments: readonly number[], withinMs: number): number {
  const sorted = moments.toSorted((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [last, moment] of sorted.entries()) {
    while (moment - sorted[first]! > withinMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
