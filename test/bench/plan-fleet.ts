import type { VersionedPolicy } from '../../server/replace/candidates.ts';
import type { FleetSnapshot, InstanceSnapshot } from '../../server/replace/snapshot.ts';
import { aGroup } from '../support/builders.ts';
import { aGroupSnapshot, anImage, anInstance, aPolicy, aSnapshot, now } from '../support/snapshot.ts';

/** What a plan is measured on. */
export const [groups, instancesPerGroup, policies, candidatesPerPolicy] = [500, 200, 50, 100] as const;

const [minuteMs, hourMs] = [60_000, 3_600_000];
const formerImage = { ...anImage, version: '6' };

/**
 * 100,000 instances in 500 groups, and 50 policies with windows and budgets. Each wants a hundred replaced, half for drift, each
 * in its own way, since alike drift would open the breaker, and half for an image that is not promoted any more.
 */
export function aLargeFleet(): { readonly snapshot: FleetSnapshot; readonly policies: readonly VersionedPolicy[] } {
  const snapshots = Array.from({ length: groups }, (_, number) => {
    const name = `group-${number}`;
    const isWanted = number % (groups / policies) === 0;
    const instances = Array.from({ length: instancesPerGroup }, (_, n) =>
      isWanted && n < candidatesPerPolicy ? aCandidate(`${name}-${n}`, n) : anInstance({ id: `${name}-${n}` }),
    );
    return aGroupSnapshot({ group: aGroup({ name }), instances, typicalMs: 14 * minuteMs });
  });
  const wanting = Array.from({ length: policies }, (_, number) =>
    aPolicy({
      name: `policy-${number}`,
      select: { group: `group-${(number * groups) / policies}` },
      triggers: [{ drift: { severity: 'low', settle: '2m' } }, { outdated: true }, { olderThan: '30d' }],
      windows: [
        { allow: '0 0 * * *', duration: '20h', timeZone: 'Europe/Berlin' },
        { deny: '0 0 24 12 *', duration: '72h', timeZone: 'UTC' },
      ],
      budgets: [{ max: '10%' }, { max: 1, triggers: ['outdated'] }],
    }),
  );
  const soaked = new Map(wanting.map(({ policy }) => [policy.name, 3]));
  return { snapshot: aSnapshot(snapshots, { soaked }), policies: wanting };
}

function aCandidate(id: string, n: number): InstanceSnapshot {
  if (n % 2 === 1) return anInstance({ id, image: formerImage });
  const firstSeenAt = now - hourMs - n * minuteMs;
  const drifts = [1, 2, 3].map((part) => ({
    ...{ fingerprint: `${id} ${part}`, shape: `modified file /srv/${id}/${part}` },
    ...{ severity: 'high' as const, firstSeenAt, heldUntil: null },
  }));
  return anInstance({ id, content: 'drifted', taint: { severity: 'high', since: firstSeenAt }, drifts });
}
