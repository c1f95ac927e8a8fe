import { describe, expect, it } from 'vitest';
import { pauseCause } from '../../../server/replace/canary.ts';
import { planReplacements } from '../../../server/replace/planner.ts';
import type { Rollout } from '../../../server/replace/rollout-record.ts';
import type { FleetSnapshot, GroupSnapshot, InstanceSnapshot } from '../../../server/replace/snapshot.ts';
import { digestOf } from '../../../shared/digest.ts';
import { aGroup } from '../../support/builders.ts';
import { aGroupSnapshot, anImage, anInstance, aPolicy, aSnapshot, aTainted, now } from '../../support/snapshot.ts';

const minuteMs = 60_000;
const web8 = { name: 'web', version: '8', digest: digestOf('image web@8') };
const images = new Map([
  ['web@7', anImage],
  ['web@8', web8],
]);
const canary = { count: 2, soak: '1h' };
const policy = aPolicy({
  triggers: [{ outdated: true }, { drift: { severity: 'low', settle: 0 } }],
  budgets: [{ max: '100%' }],
});

function aRollout(overrides: Partial<Rollout> = {}): Rollout {
  return {
    ...{ group: 'web', image: 'web@8', startedAt: now - 120 * minuteMs, soakedAt: null, paused: null, resumedAt: null },
    ...{ coming: [], failed: 0, others: { replaced: 0, drifted: 0 }, silent: new Set<string>() },
    ...overrides,
  };
}

const old = (count: number, overrides: Partial<InstanceSnapshot> = {}) =>
  Array.from({ length: count }, () => anInstance(overrides));
const fresh = (minutes: number, overrides: Partial<InstanceSnapshot> = {}) =>
  anInstance({ image: web8, enrolledAt: now - minutes * minuteMs, ...overrides });

/** A group that moves to web@8, beside so many others that nothing but canaries holds it back. */
function plan(
  instances: readonly InstanceSnapshot[],
  { rollout = {}, ...more }: Partial<GroupSnapshot> & { readonly rollout?: Partial<Rollout> } = {},
  fleet: Partial<FleetSnapshot> = {},
  policies = [policy],
) {
  const group = aGroupSnapshot({
    ...{ group: aGroup({ images: { stable: 'web@8' }, canary }), images, instances },
    rollouts: new Map([['web@8', aRollout(rollout)]]),
    ...more,
  });
  const others = aGroupSnapshot({ group: aGroup({ name: 'others' }), instances: old(3_000) });
  return planReplacements(aSnapshot([group, others], fleet), policies, now);
}

const held = ({ blocked }: ReturnType<typeof plan>) => blocked.map(({ blockers }) => blockers.map(({ kind }) => kind));

describe('canaries of a new stable image', () => {
  it('come first, as many as the group says; the rest waits, and why is said', () => {
    const result = plan(old(6));

    expect(result.commands.map(({ target }) => target)).toEqual([web8, web8]);
    expect(held(result)).toEqual(Array(4).fill(['canary']));
    expect(result.blocked[0]?.blockers[0]?.message).toContain('2 of web@8 come first and soak for 1h: there are 2');
  });

  it('counts those that are on their way, each once', () => {
    const coming = ['1', '2'];
    const made = fresh(1, { launchKey: 'r-1' });

    expect(plan([made, ...old(5)], { rollout: { coming } }).commands).toEqual([]);
    expect(plan([made, ...old(5)], { rollout: { coming: ['1'] } }).commands).toHaveLength(1);
  });

  it.each<[string, Partial<InstanceSnapshot>]>([
    ['was there for a minute too short', { enrolledAt: now - 59 * minuteMs }],
    ['is silent', { online: false }],
    ['has drifted', { content: 'drifted', taint: { severity: 'low', since: now } }],
    ['was not measured lately', { content: 'unverifiable' }],
    ['is being replaced', { lifecycle: 'replacing' }],
  ])('hold the rest while one of them %s', (_, wrong) => {
    const result = plan([fresh(60), fresh(60, wrong), ...old(4)]);

    expect(result.soaked).toEqual([]);
    expect(result.commands).toEqual([]);
    expect(held(result).slice(0, 4)).toEqual(Array(4).fill(expect.arrayContaining(['canary'])));
  });

  it('let the rest go once as many have soaked clean, and that is noted for good', () => {
    const soaked = plan([fresh(60), fresh(60), ...old(4)]);
    const later = plan([fresh(1), ...old(5)], { rollout: { soakedAt: now - 1 } });

    expect([soaked.soaked, soaked.commands.length]).toEqual([[{ group: 'web', image: 'web@8' }], 4]);
    expect([later.soaked, later.commands.length]).toEqual([[], 5]);
  });

  it('hold what has drifted too: its successor would be of the new image', () => {
    const result = plan([...Array.from({ length: 5 }, () => fresh(1)), aTainted()]);

    expect(result.commands).toEqual([]);
    expect(held(result)).toEqual([['canary']]);
  });

  it('are not waited for where the group has none, or nothing was promoted before', () => {
    const without = plan(old(6), { group: aGroup({ images: { stable: 'web@8' } }) });
    const unwatched = plan(old(6), { rollouts: new Map() });

    expect([without.commands.length, unwatched.commands.length]).toEqual([6, 6]);
  });
});

describe('the channel `canary`', () => {
  const group = aGroup({ images: { stable: 'web@7', canary: 'web@8' }, canary });

  it('takes as many of the stable ones as there are to be, the oldest first, and leaves the rest', () => {
    const [young, ...others] = [anInstance({ enrolledAt: now - 1 }), ...old(4, { enrolledAt: now - 1_000_000 })];

    const result = plan([young!, ...others], { group });

    expect(result.commands.map(({ instanceId }) => instanceId)).toEqual(others.slice(0, 2).map(({ id }) => id));
    expect(result.commands.map(({ cause }) => cause)).toEqual(
      Array(2).fill({ trigger: 'outdated', from: 'web@7', to: 'web@8' }),
    );
    expect(result.blocked).toEqual([]);
  });

  it('takes what must go anyway before that, and none in doubt', () => {
    const outdated = anInstance({ image: { ...anImage, version: '6' } });
    const doubtful = anInstance({ enrolledAt: 0, isInDoubt: true });

    const { commands } = plan([doubtful, ...old(4), outdated], { group });

    expect(commands).toHaveLength(2);
    expect(commands[0]).toMatchObject({ instanceId: outdated.id, target: web8 });
    expect(commands.map(({ instanceId }) => instanceId)).not.toContain(doubtful.id);
  });

  it('takes none that no policy reaches, which would keep the image waiting for good', () => {
    const reaching = aPolicy({ ...policy.policy, select: { group: 'web', zone: 'b' } });
    const wishing = aPolicy({ ...policy.policy, name: 'wish', mode: 'observe' });
    const near = anInstance({ zone: 'b' });

    const { commands } = plan([...old(4, { enrolledAt: 0 }), near], { group }, {}, [reaching, wishing]);

    expect(commands.map(({ instanceId }) => instanceId)).toEqual([near.id]);
  });

  it('takes no more once they are there, and follows a drifted canary by a canary when they have soaked', () => {
    const drifted = aTainted({ image: web8 });
    const instances = [fresh(60), drifted, ...old(4)];

    const early = plan(instances, { group });
    const late = plan(instances, { group, rollout: { soakedAt: now - 1 } });

    expect([early.commands, held(early)]).toEqual([[], [['canary']]]);
    expect(late.commands).toMatchObject([{ instanceId: drifted.id, target: web8 }]);
  });

  it('leaves drift of stable ones to the stable image, which nobody waits for', () => {
    const { commands } = plan([fresh(1), fresh(1), aTainted(), ...old(3)], { group });

    expect(commands.map(({ target }) => target)).toEqual([anImage]);
  });

  it('has one for an hour where the group does not say', () => {
    const { commands } = plan(old(6), { group: aGroup({ images: { stable: 'web@7', canary: 'web@8' } }) });

    expect(commands).toHaveLength(1);
  });
});

describe('a rollout pauses itself', () => {
  const cause = (instances: readonly InstanceSnapshot[], rollout: Partial<Rollout> = {}) =>
    pauseCause(aGroupSnapshot({ instances, rollouts: new Map([['web@8', aRollout(rollout)]]) }), 'web@8');
  const drifted = (image = anImage) => aTainted({ image, enrolledAt: now - minuteMs });

  it.each<[string, readonly InstanceSnapshot[], Partial<Rollout>]>([
    ['drifted', [drifted(web8), drifted(web8), ...old(10)], {}],
    ['failed', old(10), { failed: 2 }],
    ['drifted, or failed', [drifted(web8), fresh(1), ...old(10)], { failed: 1 }],
    ['fell silent', [fresh(1, { id: 'a' }), fresh(1, { id: 'b' }), ...old(10)], { silent: new Set(['a', 'b']) }],
    ['drifted, more than the others', [drifted(web8), drifted(web8), drifted(), ...old(10)], {}],
  ])('when two of the new image %s', (_, instances, rollout) => {
    expect(cause(instances, rollout)).toContain('of web@8 drifted, fell silent or failed');
  });

  it.each<[string, readonly InstanceSnapshot[], Partial<Rollout>]>([
    ['for one bad one', [drifted(web8), ...old(10)], {}],
    ['where the others are as bad', [drifted(web8), drifted(web8), fresh(1), fresh(1), drifted(), ...old(1)], {}],
    ['where nothing is left to replace', [drifted(web8), drifted(web8)], {}],
    ['for what was there before it began', [drifted(web8), drifted(web8), ...old(10)], { startedAt: now }],
    ['for what was seen when it was resumed', [drifted(web8), drifted(web8), ...old(10)], { resumedAt: now }],
    ['twice', old(10), { failed: 2, paused: { cause: 'before', at: now } }],
  ])('never %s', (_, instances, rollout) => {
    expect(cause(instances, rollout)).toBeUndefined();
  });

  it('in the plan that finds it, and as long as nobody resumes it', () => {
    const found = plan(old(6), { rollout: { failed: 2, soakedAt: now } });
    const latched = plan(old(6), { rollout: { paused: { cause: 'before', at: now }, soakedAt: now } });

    expect(found.pauses).toEqual([{ group: 'web', image: 'web@8', cause: expect.any(String) }]);
    for (const result of [found, latched]) {
      expect(result.commands).toEqual([]);
      expect(held(result)).toEqual(Array(6).fill(['rollout-paused']));
    }
  });

  it('not by a server that has just come back', () => {
    const absence = { since: 0, expected: 10, reported: 10 };

    expect(plan(old(6), { rollout: { failed: 2 } }, { absence }).pauses).toEqual([]);
  });
});
