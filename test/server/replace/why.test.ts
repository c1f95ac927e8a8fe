import { describe, expect, it } from 'vitest';
import { explain } from '../../../server/replace/why.ts';
import { timestamp } from '../../../shared/clock.ts';
import { aGroup } from '../../support/builders.ts';
import { aGroupSnapshot, anInstance, aPolicy, aSnapshot, aTainted, now } from '../../support/snapshot.ts';

const others = Array.from({ length: 200 }, () => anInstance());
const why = (
  one: ReturnType<typeof anInstance>,
  policies: readonly ReturnType<typeof aPolicy>[],
  group: Parameters<typeof aGroupSnapshot>[0] = {},
) => explain(aSnapshot([aGroupSnapshot({ ...group, instances: [one, ...others] })]), policies, now, one.id);
const minuteMs = 60_000;

describe('why an instance is not replaced', () => {
  it('is that no policy selects it', () => {
    expect(why(aTainted(), [aPolicy({ select: { group: 'api' } }), aPolicy({ select: {} })])).toEqual([]);
  });

  it('is that nothing drifted', () => {
    const [policy] = why(anInstance(), [aPolicy()]);

    expect(policy).toMatchObject({
      decision: 'not-wanted',
      triggers: [{ fires: false, why: expect.stringContaining('not tainted') }],
    });
  });

  it('is that its drift is only low, and the policy wants high', () => {
    const low = aTainted({ taint: { severity: 'low', since: now - minuteMs } });

    const [policy] = why(low, [aPolicy({ triggers: [{ drift: { severity: 'high' } }, { outdated: true }] })]);

    expect(policy?.decision).toBe('not-wanted');
    expect(policy?.triggers.map((trigger) => trigger.why)).toEqual([
      'its drift is only low, and this wants high',
      'web@7 is promoted',
    ]);
  });

  it('is that a person pardoned it', () => {
    const [policy] = why(anInstance({ content: 'drifted' }), [aPolicy()]);

    expect(policy?.triggers[0]?.why).toContain('pardoned');
  });

  it('is that it is too young, and when it will not be', () => {
    const [policy] = why(anInstance({ enrolledAt: now - minuteMs }), [aPolicy({ triggers: [{ olderThan: '1h' }] })]);

    expect(policy?.triggers).toEqual([
      expect.objectContaining({ fires: false, until: timestamp(now + 59 * minuteMs) }),
    ]);
  });

  it('is that another of its group was picked as the canary', () => {
    const group = aGroupSnapshot({ group: aGroup({ images: { stable: 'web@7', canary: 'web@8' } }) }).group;
    const policies = [aPolicy({ triggers: [{ outdated: true }] })];

    const [first] = why(anInstance({ enrolledAt: now - 90 * minuteMs }), policies, { group });
    const [last] = why(anInstance({ enrolledAt: now }), policies, { group });

    expect(first?.triggers[0]).toMatchObject({
      fires: true,
      why: 'web@7 is promoted, and it was picked as a canary of web@8',
    });
    expect(last?.triggers[0]).toMatchObject({ fires: false, why: 'web@7 is promoted' });
  });

  it('is that nobody knows its image', () => {
    const [policy] = why(anInstance({ image: null }), [aPolicy({ triggers: [{ outdated: true }] })]);

    expect(policy?.triggers[0]?.why).toContain('never pushed');
  });
});

describe('what holds an instance back', () => {
  it('is told by each policy apart, with all blockers and when they pass', () => {
    const fresh = aTainted({ taint: { severity: 'high', since: now - minuteMs } });
    const settling = aPolicy({ name: 'settling', mode: 'observe', triggers: [{ drift: { settle: '5m' } }] });

    const said = why(fresh, [settling, aPolicy({ name: 'web', triggers: [{ drift: { settle: '3m' } }] })]);

    expect(said.map(({ policy, decision, blockers }) => [policy, decision, blockers.map(({ kind }) => kind)])).toEqual([
      ['settling', 'held', ['observe', 'settle']],
      ['web', 'held', ['settle']],
    ]);
    expect(said[1]?.triggers).toEqual([expect.objectContaining({ fires: true, until: timestamp(now + 2 * minuteMs) })]);
  });

  it('is a window that closes before a replacement would be through', () => {
    const window = { allow: '0 0 * * *', duration: '66m', timeZone: 'UTC' };

    const [policy] = why(aTainted(), [aPolicy({ windows: [window] })], { typicalMs: 14 * minuteMs });

    expect(policy?.blockers[0]?.message).toContain(
      'will not start: a replacement here typically takes 14 min, and the window closes in 6 min',
    );
  });

  it('is nothing, where it starts now; another policy that wants it too comes second', () => {
    const said = why(aTainted(), [aPolicy({ name: 'a' }), aPolicy({ name: 'b' })]);

    expect(said.map(({ decision }) => decision)).toEqual(['starts', 'other-policy']);
    expect(said[0]?.cause).toMatchObject({ trigger: 'drift' });
  });
});

it('says of whom nobody knows nothing', () => {
  expect(explain(aSnapshot([aGroupSnapshot({ group: aGroup() })]), [aPolicy()], now, 'nobody')).toEqual([]);
});
