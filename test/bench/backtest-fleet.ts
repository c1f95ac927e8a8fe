import type { BacktestOf } from '../../server/replace/backtest.ts';
import type { Past, PastInstance } from '../../server/replace/past.ts';
import type { InstanceDrift } from '../../server/replace/snapshot.ts';
import { aGroup, anImageDigest } from '../support/builders.ts';
import { seededRandom } from '../support/random.ts';
import { aGroupSnapshot, anImage, aPolicy, aSnapshot, now } from '../support/snapshot.ts';

/** What a backtest is measured on. */
export const [instances, days] = [10_000, 30] as const;

const [minuteMs, dayMs] = [60_000, 86_400_000];
const from = now - days * dayMs;
const formerImage = { ...anImage, version: '6', digest: 'sha256:former' };
const scannedEveryMs = 18 * 60 * minuteMs;

/**
 * Thirty days of 10,000 instances, in so many groups with a policy each: every instance drifts once, nearly always in its own
 * way, since alike drift would open the breaker, and a third of each group is outdated from the tenth day on.
 */
export function aLargePast(groups: number): BacktestOf {
  const random = seededRandom(groups);
  const names = Array.from({ length: groups }, (_, number) => `group-${number}`);
  const fleet = Array.from({ length: instances }, (_, n): PastInstance => {
    const id = `instance-${n}`;
    return {
      ...{ id, group: names[n % groups]!, providerId: `machine-${n}`, launchKey: null },
      ...{ imageDigest: random.below(3) === 0 ? formerImage.digest : anImageDigest },
      ...{ enrolledAt: from - random.below(20) * dayMs, goneAt: Infinity, doubtedSince: null, liftedAt: [] },
      drifts: driftsOf(id, from + random.below(days * dayMs), random.below(200)),
      looked: [{ from: from - dayMs, to: now }],
    };
  });
  const acting = names.map((name) =>
    aPolicy({
      ...{ name: `policy-${name}`, select: { group: name } },
      triggers: [{ drift: { severity: 'low', settle: '2m' } }, { outdated: true }, { olderThan: '90d' }],
      windows: [{ allow: '0 0 * * *', duration: '20h', timeZone: 'Europe/Berlin' }],
      budgets: [{ max: '10%' }],
    }),
  );
  const live = names.map((name) => aGroupSnapshot({ group: aGroup({ name }) }));
  const past: Past = {
    ...{ instances: fleet, replacements: [], resets: new Map(), knownSince: 0 },
    groupsChangedAt: new Map(names.map((name) => [name, from + 10 * dayMs])),
    images: new Map([anImage, formerImage].map((image) => [image.digest, image])),
  };
  return {
    live: aSnapshot(live, { soaked: new Map(acting.map(({ policy }) => [policy.name, 3])) }),
    ...{ past, acting, given: new Set(acting.map(({ policy }) => policy.name)) },
    ...{ from, to: now, evidenceTtlMs: scannedEveryMs },
  };
}

function driftsOf(id: string, firstSeenAt: number, way: number): readonly InstanceDrift[] {
  return [1, 2, 3].map((part) => ({
    fingerprint: `${id} ${part}`,
    shape: way === 0 ? `modified file /etc/common-${id.length}` : `modified file /srv/${id}/${part}`,
    ...{ severity: 'high' as const, firstSeenAt, heldUntil: null },
  }));
}
