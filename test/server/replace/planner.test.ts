import { describe, expect, it } from 'vitest';
import type { VersionedPolicy } from '../../../server/replace/candidates.ts';
import { planReplacements } from '../../../server/replace/planner.ts';
import type { FleetSnapshot, GroupSnapshot } from '../../../server/replace/snapshot.ts';
import { aGroup } from '../../support/builders.ts';
import { aGroupSnapshot, anImage, anInstance, aPolicy, aSnapshot, aTainted, now } from '../../support/snapshot.ts';

const healthy = (count: number) => Array.from({ length: count }, () => anInstance());
/** Large enough that no budget of percentages gets in the way. */
const others = aGroupSnapshot({ group: aGroup({ name: 'others' }), instances: healthy(600) });

function plan(group: Partial<GroupSnapshot>, policies: readonly VersionedPolicy[], fleet: Partial<FleetSnapshot> = {}) {
  return planReplacements(aSnapshot([aGroupSnapshot(group), others], fleet), policies, now);
}

function kinds(result: ReturnType<typeof plan>): readonly (readonly string[])[] {
  return result.blocked.map(({ blockers }) => blockers.map(({ kind }) => kind));
}

describe('what a policy selects', () => {
  it('replaces a tainted instance by the stable image', () => {
    const tainted = aTainted({
      drifts: [{ fingerprint: 'f1', shape: 'f1', severity: 'high', firstSeenAt: now - 600_000, heldUntil: null }],
    });

    const { commands, blocked } = plan({ instances: [tainted, ...healthy(5)] }, [aPolicy()]);

    expect(blocked).toEqual([]);
    expect(commands).toEqual([
      {
        policy: 'web',
        policyVersion: 1,
        group: 'web',
        instanceId: tainted.id,
        providerId: tainted.providerId,
        cause: { trigger: 'drift', severity: 'high', fingerprints: ['f1'] },
        shapes: ['f1'],
        target: anImage,
        ...{ order: 'launch-first', keeping: null, lineage: null },
        approval: null,
      },
    ]);
  });

  it('counts the taint of an instance whose change was reverted', () => {
    const reverted = aTainted({ content: 'in_sync' });

    expect(plan({ instances: [reverted, ...healthy(5)] }, [aPolicy()]).commands).toHaveLength(1);
  });

  it('leaves alone what was pardoned, though it is drifted still', () => {
    const pardoned = anInstance({ content: 'drifted' });

    const { commands, blocked } = plan({ instances: [pardoned, ...healthy(5)] }, [aPolicy()]);

    expect([commands, blocked]).toEqual([[], []]);
  });

  it.each([
    ['an empty selector', aPolicy({ select: {} })],
    ['an unknown group', aPolicy({ select: { group: 'nobody' } })],
    ['no trigger', aPolicy({ triggers: [] })],
    ['a severity that is not reached', aPolicy({ triggers: [{ drift: { severity: 'critical', settle: 0 } }] })],
  ])('selects nothing with %s', (_, policy) => {
    const { commands, blocked } = plan({ instances: [aTainted(), ...healthy(5)] }, [policy]);

    expect([commands, blocked]).toEqual([[], []]);
  });

  it('replaces what is not of a promoted image, and nothing where none is promoted', () => {
    const old = anInstance({ image: { ...anImage, version: '6' } });
    const outdated = aPolicy({ triggers: [{ outdated: true }] });

    const promoted = plan({ instances: [old, ...healthy(5)] }, [outdated]);
    const unpromoted = plan({ instances: [old, ...healthy(5)], group: aGroup({ images: {} }) }, [outdated]);

    expect(promoted.commands.map(({ cause }) => cause)).toEqual([{ trigger: 'outdated', from: 'web@6', to: 'web@7' }]);
    expect([unpromoted.commands, unpromoted.blocked]).toEqual([[], []]);
  });

  it('triggers nothing by silence, an image never pushed, or a replacement that is under way', () => {
    const silent = anInstance({ online: false });
    const unknown = anInstance({ image: null });
    const replacing = aTainted({ lifecycle: 'replacing' });
    const policy = aPolicy({ triggers: [{ drift: { settle: 0 } }, { outdated: true }] });

    const { commands, blocked } = plan({ instances: [silent, unknown, replacing] }, [policy]);

    expect([commands, blocked]).toEqual([[], []]);
  });

  it('replaces what is older than it may be, after all that is outdated for as long', () => {
    const policy = aPolicy({ triggers: [{ olderThan: '14d' }, { olderThan: '30d' }], budgets: [{ max: '100%' }] });
    const days = (count: number) => now - count * 86_400_000;
    const [old, young] = [anInstance({ enrolledAt: days(15) }), anInstance({ enrolledAt: days(14) })];

    const { commands } = plan({ instances: [young, old, ...healthy(5)] }, [policy]);

    expect(commands).toMatchObject([
      { instanceId: old.id, cause: { trigger: 'age', olderThan: '14d', enrolledAt: '2025-12-17T01:00:00.000Z' } },
    ]);
  });

  it('holds each trigger to its own budget too', () => {
    const triggers = [{ drift: { severity: 'low', settle: 0 } }, { olderThan: '14d' }];
    const policy = aPolicy({ triggers, budgets: [{ max: 5 }, { max: 0, triggers: ['age'] }] });
    const old = anInstance({ enrolledAt: now - 15 * 86_400_000 });

    const result = plan({ instances: [aTainted(), old, ...healthy(20)] }, [policy]);

    expect(result.commands.map(({ cause }) => cause.trigger)).toEqual(['drift']);
    expect(result.blocked[0]?.blockers[0]?.message).toBe('policy web: 0 of 22 may be unavailable, and 1 are');
  });

  it('takes the worst first, then what has waited longest, then the outdated', () => {
    const outdated = anInstance({ id: 'outdated', image: { ...anImage, version: '6' } });
    const young = aTainted({ id: 'young', taint: { severity: 'high', since: now - 100 } });
    const old = aTainted({ id: 'old', taint: { severity: 'high', since: now - 200 } });
    const worst = aTainted({ id: 'worst', taint: { severity: 'critical', since: now - 1 } });
    const policy = aPolicy({ triggers: [{ drift: { settle: 0 } }, { outdated: true }], budgets: [{ max: '100%' }] });

    const instances = [outdated, young, old, worst, ...healthy(1_000)];
    const { commands } = plan({ instances }, [policy]);

    expect(commands.map(({ instanceId }) => instanceId)).toEqual(['worst', 'old', 'young', 'outdated']);
  });
});

describe('what holds a replacement back', () => {
  it.each<[string, Partial<GroupSnapshot>, VersionedPolicy, Partial<FleetSnapshot>]>([
    ['observe', {}, aPolicy({ mode: 'observe' }), {}],
    ['window', {}, aPolicy({ windows: [{ deny: '* * * * *', duration: '1h', timeZone: 'UTC' }] }), {}],
    ['settle', {}, aPolicy({ triggers: [{ drift: { settle: '1h' } }] }), {}],
    ['budget', {}, aPolicy({ budgets: [{ max: 0 }] }), {}],
    ['breaker', { breaker: { cause: 'too much', trippedAt: '2026-01-01T00:00:00.000Z' } }, aPolicy(), {}],
    ['no-target', { images: new Map() }, aPolicy(), {}],
    ['not-stateless', { group: aGroup({ stateless: false }) }, aPolicy(), {}],
    ['provider', { machines: null }, aPolicy(), {}],
    ['retry-backoff', { failures: { count: 1, lastAt: now - 59_999 } }, aPolicy(), {}],
    ['start-rate', {}, aPolicy(), { starts: Array.from({ length: 29 }, () => now - 1) }],
    ['server-away', {}, aPolicy(), { absence: { since: now - 1_000_000, expected: 100, reported: 89 } }],
  ])('%s', (kind, group, policy, fleet) => {
    const result = plan({ instances: [aTainted(), ...healthy(5)], ...group }, [policy], fleet);

    expect(result.commands).toEqual([]);
    expect(kinds(result)).toEqual([[kind]]);
  });

  it.each([
    ['nine of ten', { expected: 100, reported: 90 }],
    ['a fleet that has nobody any more', { expected: 0, reported: 0 }],
  ])('not an absence of the server, once it has heard %s', (_, heard) => {
    const absence = { since: now - 1_000_000, ...heard };

    expect(plan({ instances: [aTainted(), ...healthy(5)] }, [aPolicy()], { absence }).commands).toHaveLength(1);
  });

  it.each([
    ['evidence that has expired', { evidenceExpiresAt: now }, 'stale-evidence'],
    ['an instance never scanned', { evidenceExpiresAt: null }, 'stale-evidence'],
    ['an instance that is in doubt', { isInDoubt: true }, 'in-doubt'],
  ])('%s', (_, overrides, kind) => {
    const result = plan({ instances: [aTainted(overrides), ...healthy(5)] }, [aPolicy()]);

    expect(result.commands).toEqual([]);
    expect(kinds(result)).toEqual([[kind]]);
  });

  it('a machine that the provider does not list', () => {
    const result = plan({ instances: [aTainted()], machines: [] }, [aPolicy()]);

    expect(result.commands).toEqual([]);
    expect(kinds(result)).toEqual([['provider']]);
  });

  it('lists every blocker, not the first', () => {
    const result = plan(
      {
        instances: [aTainted({ evidenceExpiresAt: null }), ...healthy(5)],
        group: aGroup({ stateless: false, images: {} }),
      },
      [aPolicy({ mode: 'observe', budgets: [{ max: 0 }] })],
    );

    expect(kinds(result)).toEqual([['observe', 'not-stateless', 'stale-evidence', 'no-target', 'budget']]);
  });

  it('lets critical drift act without settling, and use the slot kept for it', () => {
    const critical = aTainted({ taint: { severity: 'critical', since: now } });
    const starts = Array.from({ length: 29 }, () => now - 1);

    const result = plan(
      { instances: [critical, ...healthy(5)] },
      [aPolicy({ triggers: [{ drift: { settle: '1h' } }] })],
      {
        starts,
      },
    );

    expect(result.commands).toHaveLength(1);
  });

  it('settles from the first sight of drift that the trigger is about', () => {
    const instance = aTainted({
      taint: { severity: 'high', since: now - 3_600_000 },
      drifts: [
        { fingerprint: 'low', shape: 'low', severity: 'low', firstSeenAt: now - 3_600_000, heldUntil: null },
        { fingerprint: 'high', shape: 'high', severity: 'high', firstSeenAt: now - 60_000, heldUntil: null },
      ],
    });

    const result = plan({ instances: [instance, ...healthy(5)] }, [
      aPolicy({ triggers: [{ drift: { severity: 'high', settle: '2m' } }] }),
    ]);

    expect(result.blocked[0]?.blockers[0]?.until).toBe(new Date(now + 60_000).toISOString());
  });

  it('runs the first three of a policy singly', () => {
    const instances = [aTainted(), aTainted(), ...healthy(40)];
    const policy = aPolicy({ budgets: [{ max: 10 }] });

    const early = plan({ instances }, [policy], { soaked: new Map([['web', 2]]) });
    const later = plan({ instances }, [policy], { soaked: new Map([['web', 3]]) });

    expect(early.commands).toHaveLength(1);
    expect(kinds(early)).toEqual([['first-runs']]);
    expect(later.commands).toHaveLength(2);
  });

  it('counts those that are silent, stopped, absent or being replaced against the budget', () => {
    const silent = anInstance({ online: false });
    const stopped = anInstance();
    const replacing = aTainted({ lifecycle: 'replacing' });
    const tainted = aTainted();
    const instances = [silent, stopped, replacing, tainted, ...healthy(6)];
    const machines = [
      ...instances.map(({ providerId }) => ({
        providerId: providerId!,
        launchKey: null,
        state: 'running' as const,
        drainedBy: null,
      })),
      { providerId: 'absent', launchKey: null, state: 'running' as const, drainedBy: null },
      { providerId: 'surge', launchKey: 'r-1', state: 'running' as const, drainedBy: null },
    ].map((machine) =>
      machine.providerId === stopped.providerId ? { ...machine, state: 'stopped' as const } : machine,
    );
    const active = [
      {
        ...{ id: '1', group: 'web', policy: 'other', state: 'verifying' as const },
        ...{ oldInstanceId: replacing.id, oldProviderId: replacing.providerId! },
      },
    ];

    const four = plan({ instances, machines }, [aPolicy({ budgets: [{ max: 4 }] })], { active });
    const five = plan({ instances, machines }, [aPolicy({ budgets: [{ max: 5 }] })], { active });

    expect(four.blocked[0]?.blockers[0]?.message).toBe('policy web: 4 of 11 may be unavailable, and 4 are');
    expect(five.commands).toHaveLength(1);
  });

  it('lets agents enrolled by hand take no budget while online, raise no percentage, and hold back no breaker', () => {
    const ghosts = Array.from({ length: 94 }, () => anInstance({ providerId: null }));
    const real = [aTainted(), aTainted(), ...healthy(4)];
    const machines = aGroupSnapshot({ instances: real }).machines;

    const two = plan({ instances: [...real, ...ghosts], machines }, [aPolicy({ budgets: [{ max: '25%' }] })]);
    const three = plan({ instances: [aTainted(), ...real, ...ghosts], machines }, [aPolicy()]);

    expect([two.commands.length, kinds(two)]).toEqual([1, [['budget']]]);
    expect(three.trips).toHaveLength(1);
  });

  it('takes the smaller cap where two policies select the same group, and acts once', () => {
    const instances = [aTainted(), aTainted(), ...healthy(40)];
    const wide = aPolicy({ budgets: [{ max: 10 }] });
    const narrow = aPolicy({ name: 'narrow', budgets: [{ max: 1 }] });

    const { commands } = plan({ instances }, [wide, narrow]);

    expect(commands).toHaveLength(1);
  });
});

describe('the breaker', () => {
  it('trips at three tainted of a small group and holds all of them', () => {
    const result = plan({ instances: [aTainted(), aTainted(), aTainted(), ...healthy(3)] }, [
      aPolicy({ budgets: [{ max: 6 }] }),
    ]);

    expect(result.commands).toEqual([]);
    expect(result.trips).toEqual([{ group: 'web', cause: '3 instances are tainted; the limit is 3 for a group of 6' }]);
    expect(kinds(result).every((each) => each.includes('breaker'))).toBe(true);
  });

  it('lets go on after a reset, until more are tainted than the person saw', () => {
    const seen = [aTainted(), aTainted(), aTainted()];

    const { trips, commands } = plan({ instances: [...seen, ...healthy(3)], breakerResetAt: now - 1 }, [
      aPolicy({ budgets: [{ max: 6 }] }),
    ]);

    expect(trips).toEqual([]);
    expect(commands.length).toBeGreaterThan(0);
  });
});
