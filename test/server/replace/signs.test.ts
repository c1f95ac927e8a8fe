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

  it('replaces one dead machine after the other, where the fleet may miss one', () => {
    const ids = ['s', 't'];
    const instances = [
      silent('s'),
      silent('t', { heardAt: now - 60 * minuteMs }),
      aTainted({ id: 'd' }),
      ...healthy(30),
    ];
    const machines = say(instances, { state: 'stopped' }, ids);
    const both = aPolicy({ triggers: [{ drift: { severity: 'low', settle: 0 } }, { silent: '15m' }], ...wide });
    const snapshot = aSnapshot([web(instances, { machines })]);
    const underWay = { id: '1', group: 'web', policy: 'web', state: 'launching' as const };

    const first = planReplacements(snapshot, [both], now);
    const active = [{ ...underWay, oldInstanceId: 's', oldProviderId: 'machine of s' }];
    const second = planReplacements({ ...snapshot, active }, [both], now);

    expect(replaced(first)).toHaveLength(1);
    expect(ids).toContain(replaced(first)[0]);
    expect(replaced(second)).toEqual([]);
    expect(blockersOf(second).flat().join()).toContain('fleet-budget');
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
