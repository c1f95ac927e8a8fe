import { describe, expect, it } from 'vitest';
import type { VersionedPolicy } from '../../../server/replace/candidates.ts';
import { planReplacements } from '../../../server/replace/planner.ts';
import type { FleetSnapshot, GroupSnapshot, InstanceSnapshot } from '../../../server/replace/snapshot.ts';
import { aGroup } from '../../support/builders.ts';
import { aGroupSnapshot, anInstance, aPolicy, aSnapshot, aTainted, now } from '../../support/snapshot.ts';

const minuteMs = 60_000;
const healthy = (count: number, overrides: Partial<InstanceSnapshot> = {}) =>
  Array.from({ length: count }, () => anInstance(overrides));
/** Large enough that the fleet's own budget is not in the way. */
const others = aGroupSnapshot({ group: aGroup({ name: 'others' }), instances: healthy(2_000) });
const wide = { budgets: [{ max: '100%' }] };

function plan(
  groups: readonly GroupSnapshot[],
  policies: readonly VersionedPolicy[],
  fleet: Partial<FleetSnapshot> = {},
) {
  return planReplacements(aSnapshot([...groups, others], fleet), policies, now);
}
const web = (instances: readonly InstanceSnapshot[], overrides: Partial<GroupSnapshot> = {}) =>
  aGroupSnapshot({ instances, ...overrides });
const blockersOf = ({ blocked }: ReturnType<typeof plan>) =>
  blocked.map(({ blockers }) => blockers.map(({ kind, message }) => `${kind}: ${message}`));
const replaced = ({ commands }: ReturnType<typeof plan>) => commands.map(({ instanceId }) => instanceId);

describe('a policy', () => {
  it('selects across groups by labels, and holds each group to its own limit', () => {
    const groups = ['a', 'b', 'c'].map((name) =>
      aGroupSnapshot({
        group: aGroup({ name, labels: { env: name === 'c' ? 'test' : 'prod' } }),
        instances: [aTainted({ id: `${name}1` }), aTainted({ id: `${name}2` }), ...healthy(10)],
      }),
    );

    const result = plan(groups, [aPolicy({ select: { labels: { env: 'prod' } }, budgets: [{ max: 1 }] })]);

    expect(replaced(result)).toEqual(['a1', 'b1']);
    expect(blockersOf(result).flat()).toEqual([
      'budget: policy web: 1 of 12 may be unavailable, and 1 are',
      'budget: policy web: 1 of 12 may be unavailable, and 1 are',
    ]);
  });

  it('limits only those that it selects', () => {
    const instances = [aTainted({ id: 'a', zone: 'a' }), aTainted({ id: 'b', zone: 'b' }), ...healthy(20)];
    const frozen = aPolicy({ name: 'frozen', select: { zone: 'a' }, triggers: [], budgets: [{ max: 0 }] });

    const result = plan([web(instances)], [aPolicy(wide), frozen]);

    expect(replaced(result)).toEqual(['b']);
    expect(blockersOf(result)).toEqual([['budget: policy frozen: 0 of 22 may be unavailable, and 0 are']]);
  });

  it('replaces for drift of one subject, or one shape, as grave as that alone is', () => {
    const drift = (shape: string, severity: 'low' | 'high') => ({
      ...{ fingerprint: shape, shape, severity, firstSeenAt: now - minuteMs, heldUntil: null },
    });
    const tainted = aTainted({
      taint: { severity: 'high', since: now - minuteMs },
      drifts: [drift('modified file /etc/motd', 'high'), drift('added package nmap:amd64', 'low')],
    });
    const by = (about: object) =>
      plan(
        [web([tainted, ...healthy(9)])],
        [aPolicy({ triggers: [{ drift: { severity: 'low', settle: 0, ...about } }] })],
      ).commands[0]?.cause;

    expect(by({ subject: 'package' })).toMatchObject({ severity: 'low', fingerprints: ['added package nmap:amd64'] });
    expect(by({ shape: 'modified file /etc/motd' })).toMatchObject({ severity: 'high' });
    expect(by({ subject: 'user' })).toBeUndefined();
    expect(by({ subject: 'package', severity: 'high' })).toBeUndefined();
  });
});

describe('a budget', () => {
  it('counts per zone of a group, in its own size', () => {
    const instances = [
      ...[aTainted({ id: 'a1', zone: 'a' }), aTainted({ id: 'a2', zone: 'a' }), aTainted({ id: 'b1', zone: 'b' })],
      ...healthy(8, { zone: 'a' }),
      ...healthy(9, { zone: 'b' }),
    ];

    const result = plan(
      [web(instances, { breakerResetAt: now })],
      [aPolicy({ budgets: [{ max: '100%' }, { max: '10%', per: 'zone' }] })],
    );

    expect(replaced(result).toSorted()).toEqual(['a1', 'b1']);
    expect(blockersOf(result)).toEqual([['budget: policy web: 1 of 10 in zone a may be unavailable, and 1 are']]);
  });

  it('counts all those together of which the zone is not known', () => {
    const instances = [aTainted({ id: '1' }), aTainted({ id: '2' }), ...healthy(9)];

    const result = plan([web(instances)], [aPolicy({ budgets: [{ max: '100%' }, { max: 1, per: 'zone' }] })]);

    expect(replaced(result)).toHaveLength(1);
    expect(blockersOf(result)).toEqual([
      ['budget: policy web: 1 of 11 without a known zone may be unavailable, and 1 are'],
    ]);
  });

  it('counts by label over all groups, and in the fleet', () => {
    const group = (name: string, tier: string) =>
      aGroupSnapshot({
        group: aGroup({ name, labels: { env: 'prod', tier } }),
        instances: [aTainted({ id: name }), ...healthy(9)],
      });
    const groups = [group('a', 'front'), group('b', 'front'), group('c', 'back')];
    const by = (per: unknown) =>
      plan(groups, [aPolicy({ select: { labels: { env: 'prod' } }, budgets: [{ max: 1, per }] })]);

    expect(replaced(by({ label: 'tier' }))).toEqual(['a', 'c']);
    expect(blockersOf(by({ label: 'tier' }))).toEqual([
      ['budget: policy web: 1 of 20 with tier=front may be unavailable, and 1 are'],
    ]);
    expect(replaced(by('fleet'))).toEqual(['a']);
  });

  it('counts what is under way where it is, also after its machine is gone', () => {
    const active = [
      {
        ...{
          id: '1',
          group: 'web',
          policy: 'web',
          state: 'soaking' as const,
          oldInstanceId: 'gone',
          oldProviderId: 'm-gone',
        },
        ...{ zone: 'a', labels: {} },
      },
    ];
    const instances = [aTainted({ id: 'a', zone: 'a' }), aTainted({ id: 'b', zone: 'b' }), ...healthy(20)];

    const result = plan([web(instances)], [aPolicy({ budgets: [{ max: '100%' }, { max: 1, per: 'zone' }] })], {
      active,
    });

    expect(replaced(result)).toEqual(['b']);
  });

  it('per zone leaves the group the limit that everybody has', () => {
    const instances = ['a', 'b'].flatMap((zone) => [aTainted({ zone }), ...healthy(5, { zone })]);

    const result = plan([web(instances)], [aPolicy({ budgets: [{ max: 1, per: 'zone' }] })]);

    expect(replaced(result)).toHaveLength(1);
    expect(blockersOf(result)).toEqual([['budget: policy web: 1 of 12 may be unavailable, and 1 are']]);
  });
});

describe('the order', () => {
  const aged = (id: string, zone: string, minutes: number) =>
    aTainted({ id, zone, taint: { severity: 'high', since: now - minutes * minuteMs } });

  it('spreads what is replaced at once over the zones of a group', () => {
    const instances = [
      ...[aged('a1', 'a', 9), aged('a2', 'a', 8), aged('a3', 'a', 7), aged('b1', 'b', 2), aged('c1', 'c', 1)],
      ...healthy(30),
    ];

    const three = plan([web(instances, { breakerResetAt: now })], [aPolicy({ budgets: [{ max: 3 }] })]);

    expect(replaced(three)).toEqual(['a1', 'b1', 'c1']);
  });

  it('begins where the fewest are under way, and does not put off what is worse for it', () => {
    const active = [
      {
        ...{
          id: '1',
          group: 'web',
          policy: 'web',
          state: 'launching' as const,
          oldInstanceId: 'x',
          oldProviderId: 'm-x',
        },
        ...{ zone: 'a', labels: {} },
      },
    ];
    const worst = aTainted({ id: 'worst', zone: 'a', taint: { severity: 'critical', since: now } });
    const instances = [aged('a1', 'a', 9), aged('b1', 'b', 1), ...healthy(30)];
    const budget = aPolicy({ budgets: [{ max: 2 }] });

    expect(replaced(plan([web(instances)], [budget], { active }))).toEqual(['b1']);
    expect(replaced(plan([web([worst, ...instances], { breakerResetAt: now })], [budget], { active }))).toEqual([
      'worst',
    ]);
  });
});

describe('critical drift', () => {
  const critical = aTainted({ id: 'critical', taint: { severity: 'critical', since: now - 1 } });
  const quiet = (count: number) => healthy(count, { online: false });

  it('is not shielded by agents that are silenced: they leave one slot', () => {
    const high = aTainted({ id: 'high' });
    const by = (max: number, silent: number, one: InstanceSnapshot) =>
      plan([web([one, ...quiet(silent), ...healthy(20)])], [aPolicy({ budgets: [{ max }] })]);

    expect(replaced(by(2, 5, critical))).toEqual(['critical']);
    expect(replaced(by(1, 5, critical))).toEqual(['critical']);
    expect(replaced(by(2, 5, high))).toEqual([]);
    expect(replaced(by(0, 5, critical))).toEqual([]);
  });

  it('waits while machines are down that its provider says are', () => {
    const stopped = healthy(2);
    const instances = [critical, ...stopped, ...healthy(20)];
    const machines = web(instances).machines!.map((machine) =>
      stopped.some(({ providerId }) => providerId === machine.providerId)
        ? { ...machine, state: 'stopped' as const }
        : machine,
    );

    expect(replaced(plan([web(instances, { machines })], [aPolicy({ budgets: [{ max: 2 }] })]))).toEqual([]);
    expect(replaced(plan([web(instances, { machines })], [aPolicy({ budgets: [{ max: 3 }] })]))).toEqual(['critical']);
  });

  it('is replaced alone, however many are silenced', () => {
    const two = ['critical', 'also'].map((id) => aTainted({ id, taint: { severity: 'critical', since: now - 1 } }));

    expect(
      replaced(plan([web([...two, ...quiet(5), ...healthy(20)])], [aPolicy({ budgets: [{ max: 2 }] })])),
    ).toHaveLength(1);
  });

  it('goes before decoys that have waited for longer', () => {
    const decoys = Array.from({ length: 5 }, (_, n) =>
      aTainted({ taint: { severity: 'low', since: now - (n + 2) * minuteMs } }),
    );

    const result = plan(
      [web([...decoys, critical, ...healthy(40)], { breakerResetAt: now })],
      [aPolicy({ budgets: [{ max: 1 }] })],
    );

    expect(replaced(result)).toEqual(['critical']);
  });
});

it('a group in which replacements fail keeps no other waiting', () => {
  const failing = web([aTainted({ id: 'w' }), ...healthy(9)], { failures: { count: 9, lastAt: now } });
  const other = aGroupSnapshot({ group: aGroup({ name: 'api' }), instances: [aTainted({ id: 'x' }), ...healthy(9)] });
  const api = aPolicy({ name: 'api', select: { group: 'api' } });

  const result = plan([failing, other], [aPolicy(), api], {
    soaked: new Map([
      ['web', 3],
      ['api', 3],
    ]),
  });

  expect(replaced(result)).toEqual(['x']);
  expect(result.blocked.map(({ blockers }) => blockers.map(({ kind }) => kind))).toEqual([['retry-backoff']]);
});
