import { expect, it } from 'vitest';
import type { VersionedPolicy } from '../../../server/replace/candidates.ts';
import { planReplacements } from '../../../server/replace/planner.ts';
import type { ActiveReplacement, FleetSnapshot } from '../../../server/replace/snapshot.ts';
import { aGroup } from '../../support/builders.ts';
import { oraclePlan } from '../../support/plan-oracle.ts';
import { type Random, seededRandom } from '../../support/random.ts';
import { aGroupSnapshot, anInstance, aPolicy, aSnapshot, now } from '../../support/snapshot.ts';

const fleets = 300;
const former = { name: 'web', version: '6', digest: 'sha256:former' };

it('decides as one that counts everything anew for each candidate', () => {
  const seen = new Map<string, number>();
  let starts = 0;
  for (let seed = 1; seed <= fleets; seed++) {
    const { snapshot, policies } = aFleet(seededRandom(seed));

    const plan = planReplacements(snapshot, policies, now);

    const oracle = oraclePlan(snapshot, policies, now);
    const blocked = plan.blocked.map(
      ({ policy, instanceId, blockers }) =>
        [`${policy} ${instanceId}`, blockers.map(({ kind }) => kind).toSorted()] as const,
    );
    const told = { seed, starts: plan.commands.map(({ policy, instanceId }) => `${policy} ${instanceId}`) };
    expect({ ...told, blocked: new Map(blocked) }).toEqual({ seed, ...oracle });
    starts += plan.commands.length;
    for (const kind of blocked.flatMap(([, kinds]) => kinds)) seen.set(kind, (seen.get(kind) ?? 0) + 1);
  }
  expect(starts).toBeGreaterThan(fleets / 3);
  for (const kind of ['budget', 'fleet-budget', 'first-runs', 'start-rate', 'observe'])
    expect(seen.get(kind), kind).toBeGreaterThan(20);
});

function aFleet(random: Random): { snapshot: FleetSnapshot; policies: readonly VersionedPolicy[] } {
  const active: ActiveReplacement[] = [];
  const often = (share: number) => random.next() < share;
  const zone = () => random.pick([null, 'a', 'b', 'c']);
  const labels = (): Record<string, string> => random.pick([{}, { tier: 'front' }, { tier: 'back', rack: '1' }]);
  const groups = ['one', 'two', 'three'].map((name) => {
    const instances = Array.from({ length: random.below(40) }, (_, n) =>
      anInstance({
        ...{ id: `${name}-${n}`, zone: zone(), labels: labels(), online: often(0.99) },
        ...{ lifecycle: often(0.99) ? 'active' : 'quarantined', enrolledAt: now - random.below(50) * 60_000 },
        ...(often(0.06) && {
          taint: { severity: random.pick(['low', 'high', 'critical'] as const), since: now - random.below(9) * 60_000 },
        }),
        ...(often(0.2) && { image: former }),
        ...(often(0.02) && { launchKey: `r-of-${name}` }),
      }),
    );
    const machines = instances.map(({ providerId, launchKey, zone }) => ({
      ...{ providerId: providerId!, launchKey, drainedBy: null, zone },
      ...{ state: often(0.99) ? ('running' as const) : ('stopped' as const), isImpaired: often(0.003) },
    }));
    if (often(0.1)) machines.push({ ...aMachine(`new of ${name}`), launchKey: `r-of-${name}`, zone: zone() });
    if (often(0.1)) machines.push({ ...aMachine(`alone in ${name}`), launchKey: null, zone: zone() });
    const [replaced] = instances;
    if (replaced !== undefined && often(0.2)) {
      const { id: oldInstanceId, providerId, zone, labels } = replaced;
      active.push({
        ...{ id: `of-${name}`, group: name, policy: random.pick(['p0', 'p1']), state: 'verifying' },
        ...{ oldInstanceId, oldProviderId: providerId!, zone, labels },
      });
    }
    return aGroupSnapshot({
      ...{ group: aGroup({ name, labels: labels() }), instances, machines: machines.reverse(), breakerResetAt: now },
    });
  });
  const bystanders = random.pick([0, 300, 1_200, 3_000]);
  groups.push(aGroupSnapshot({ group: aGroup({ name: 'crowd' }), bystanders }));
  const policies = Array.from({ length: 1 + random.below(4) }, (_, n) =>
    aPolicy({
      name: `p${n}`,
      select: random.pick([
        ...[{ group: 'one' }, { group: 'two' }, { zone: 'a' }, { labels: { tier: 'front' } }, {}],
        { group: 'three', labels: { tier: 'back' } },
      ]),
      mode: often(0.85) ? 'enforce' : 'observe',
      triggers: [
        { drift: { severity: random.pick(['low', 'high']), settle: 0 } },
        ...(often(0.5) ? [{ outdated: true }] : []),
      ],
      budgets: Array.from({ length: random.below(3) }, () => ({
        max: random.pick([0, 2, 3, 5, '5%', '20%', '100%']),
        ...random.pick([
          {},
          {},
          { per: 'zone' },
          { per: 'fleet' },
          { per: { label: 'tier' } },
          { per: { label: 'no' } },
        ]),
        ...(often(0.3) && { triggers: [random.pick(['drift', 'outdated'])] }),
      })),
    }),
  );
  const soaked = new Map(policies.map(({ policy }) => [policy.name, random.pick([0, 3, 3])]));
  const starts = Array.from({ length: random.pick([0, 0, 0, 26, 28, 29]) }, () => now - random.below(3_700_000));
  return { snapshot: aSnapshot(groups, { active, starts, soaked }), policies };
}

function aMachine(providerId: string) {
  return { providerId, state: 'running' as const, drainedBy: null, isImpaired: false };
}
