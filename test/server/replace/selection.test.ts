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

describe('silence', () => {
  const policy = aPolicy({ triggers: [{ silent: '15m' }], ...wide });
  const silent = (id: string, overrides: Partial<InstanceSnapshot> = {}) =>
    anInstance({ id, online: false, silentSince: now - 15 * minuteMs, heardAt: now - 20 * minuteMs, ...overrides });
  const say = (instances: readonly InstanceSnapshot[], said: object, ids: readonly string[]) =>
    web(instances).machines!.map((machine) =>
      ids.some((id) => machine.providerId === `machine of ${id}`) ? { ...machine, ...said } : machine,
    );

  it.each([
    ['stopped', { state: 'stopped' }],
    ['impaired', { isImpaired: true }],
  ])('replaces whose machine is %s, on evidence that has expired', (witness, said) => {
    const instances = [silent('s', { evidenceExpiresAt: now - 1 }), ...healthy(30)];

    const { commands } = plan([web(instances, { machines: say(instances, said, ['s']) })], [policy]);

    expect(commands).toMatchObject([{ instanceId: 's', cause: { trigger: 'silence', silent: '15m', witness } }]);
  });

  it('replaces nobody whose machine runs: a person is to look', () => {
    const result = plan([web([silent('s'), ...healthy(30)])], [policy]);

    expect(replaced(result)).toEqual([]);
    expect(result.blocked.map(({ blockers }) => blockers.map(({ kind }) => kind))).toEqual([['no-witness']]);
  });

  it.each<[string, Partial<InstanceSnapshot>]>([
    ['who is silent for less', { silentSince: now - 15 * minuteMs + 1 }],
    ['who speaks, whatever its provider says', { online: true, silentSince: null }],
  ])('is not of %s', (_, overrides) => {
    const instances = [silent('s', overrides), ...healthy(30)];

    const result = plan([web(instances, { machines: say(instances, { state: 'stopped' }, ['s']) })], [policy]);

    expect([result.commands, result.blocked]).toEqual([[], []]);
  });

  it('replaces a dead machine for that, though it had drifted, and no drift of it can be looked at any more', () => {
    const taint = { severity: 'high' as const, since: now - 30 * minuteMs };
    const instances = [silent('s', { taint, content: 'drifted', evidenceExpiresAt: now - 1 }), ...healthy(30)];
    const both = aPolicy({ triggers: [{ drift: { severity: 'low', settle: 0 } }, { silent: '15m' }], ...wide });

    const { commands } = plan([web(instances, { machines: say(instances, { state: 'stopped' }, ['s']) })], [both]);

    expect(commands).toMatchObject([{ cause: { trigger: 'silence' } }]);
  });

  it.each([
    ['of an image', {}, 'of image web@7'],
    ['in a zone', { zone: 'a', image: null }, 'in zone a'],
  ])('triggers nothing where three %s fall silent within ten minutes', (_, overrides, where) => {
    const ids = ['1', '2', '3'];
    const at = (minutes: number) => ({ ...overrides, heardAt: now - (20 + minutes) * minuteMs });
    const together = ids.map((id, n) => silent(id, at(5 * n)));
    const apart = ids.map((id, n) => silent(id, at(6 * n)));
    const dead = (instances: readonly InstanceSnapshot[]) =>
      planReplacements(
        aSnapshot([
          web([...instances, ...healthy(30, overrides)], {
            machines: say([...instances, ...healthy(30)], { state: 'stopped' }, ids),
          }),
        ]),
        [policy],
        now,
      );

    expect(blockersOf(dead(together)).every((each) => each.some((text) => text.startsWith('mass-silence: 3')))).toBe(
      true,
    );
    expect(blockersOf(dead(together)).flat().join()).toContain(where.split(' ')[0]);
    expect(blockersOf(dead(apart)).flat().join()).not.toContain('mass-silence');
  });
});

describe('what cannot be verified', () => {
  const hourMs = 60 * minuteMs;
  const policy = aPolicy({ triggers: [{ unverifiable: '6h' }], ...wide });
  const blind = (overrides: Partial<InstanceSnapshot> = {}) =>
    anInstance({
      content: 'unverifiable',
      unverifiableSince: now - 6 * hourMs,
      evidenceExpiresAt: now - 1,
      ...overrides,
    });

  it('is replaced while it is connected', () => {
    const one = blind();

    expect(plan([web([one, ...healthy(30)])], [policy]).commands).toMatchObject([
      { instanceId: one.id, cause: { trigger: 'unverifiable', unverifiable: '6h' } },
    ]);
  });

  it.each<[string, Partial<InstanceSnapshot>]>([
    ['for less', { unverifiableSince: now - 6 * hourMs + 1 }],
    ['and is silent', { online: false, silentSince: now - 6 * hourMs }],
  ])('is left alone that is so %s', (_, overrides) => {
    const result = plan([web([blind(overrides), ...healthy(30)])], [policy]);

    expect([result.commands, result.blocked]).toEqual([[], []]);
  });

  it('triggers nothing where it is not sure which machine it is, or where three of an image are so', () => {
    const doubted = plan([web([blind({ isInDoubt: true }), ...healthy(30)])], [policy]);
    const many = planReplacements(aSnapshot([web([blind(), blind(), blind(), ...healthy(30)])]), [policy], now);

    expect(doubted.blocked.map(({ blockers }) => blockers.map(({ kind }) => kind))).toEqual([['in-doubt']]);
    expect(many.commands).toEqual([]);
    expect(blockersOf(many).every((each) => each.join().includes('mass-unverifiable'))).toBe(true);
  });
});

describe('what a person asks for', () => {
  const requested = { policy: 'web', by: 'ann', reason: 'slow disk', at: now - 1 };
  const manual = aPolicy({ triggers: [{ manual: true }], ...wide });

  it('is replaced, and need not settle', () => {
    const one = aTainted({ requested, taint: { severity: 'high', since: now } });
    const slow = aPolicy({ triggers: [{ manual: true }, { drift: { severity: 'low', settle: '1h' } }], ...wide });

    expect(plan([web([one, ...healthy(30)])], [slow]).commands).toMatchObject([
      { instanceId: one.id, cause: { trigger: 'manual', by: 'ann', reason: 'slow disk' } },
    ]);
  });

  it('is replaced by no policy that lets nobody ask, or that was not named', () => {
    const one = anInstance({ requested });

    expect(plan([web([one])], [aPolicy()]).commands).toEqual([]);
    expect(plan([web([one])], [aPolicy({ name: 'other', triggers: [{ manual: true }] })]).commands).toEqual([]);
  });

  it.each<[string, Partial<InstanceSnapshot>, Partial<GroupSnapshot>]>([
    ['stale-evidence', { evidenceExpiresAt: now }, {}],
    ['in-doubt', { isInDoubt: true }, {}],
    ['breaker', {}, { breaker: { cause: 'too much', trippedAt: '2026-01-01T00:00:00.000Z' } }],
    ['not-stateless', {}, { group: aGroup({ stateless: false }) }],
    ['holds-state', {}, { group: aGroup({ holds: ['volumes'] }) }],
    ['runs-pristine', {}, { group: aGroup({ runs: 'pristine' }) }],
  ])('waits behind %s as all others do', (kind, overrides, group) => {
    const result = plan([web([anInstance({ requested, ...overrides }), ...healthy(30)], group)], [manual]);

    expect(result.commands).toEqual([]);
    expect(result.blocked[0]?.blockers.map((each) => each.kind)).toEqual([kind]);
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
