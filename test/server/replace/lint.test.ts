import { describe, expect, it } from 'vitest';
import { lintPolicy } from '../../../server/replace/lint.ts';
import { aGroup } from '../../support/builders.ts';
import { aGroupSnapshot, anInstance, aPolicy, aSnapshot, aTainted, now } from '../../support/snapshot.ts';

const instances = [anInstance(), anInstance(), aTainted()];
const snapshot = aSnapshot([aGroupSnapshot({ instances })]);
const window = (hours: number, minutes = hours * 60) => ({
  allow: '0 2 * * *',
  duration: `${minutes}m`,
  timeZone: 'UTC',
});

describe('lint', () => {
  it('says nothing of a policy that is as it should be', () => {
    const { policy } = aPolicy({
      triggers: [{ drift: { severity: 'high' } }, { drift: { severity: 'low', settle: '1h' } }, { outdated: true }],
      windows: [window(4), { deny: '0 0 24 12 *', duration: '72h', timeZone: 'UTC' }],
      budgets: [{ max: '10%' }],
    });

    expect(lintPolicy(policy, snapshot, [{ policy, version: 1 }], now)).toEqual([]);
  });

  it.each([
    ['never-matches', { select: {} }],
    ['never-matches', { select: { group: 'wbe' } }],
    ['never-matches', { triggers: [] }],
    [
      'never-matches',
      { triggers: [{ drift: { severity: 'low', settle: 0 } }, { drift: { severity: 'high', settle: '2m' } }] },
    ],
    ['never-matches', { triggers: [{ olderThan: '30d' }, { olderThan: '14d' }] }],
    ['never-finishes', { budgets: [{ max: 0 }] }],
    ['never-finishes', { budgets: [{ max: '0%' }] }],
    ['never-finishes', { windows: [window(0, 15)] }],
    ['never-finishes', { windows: [{ deny: '* * * * *', duration: '1h', timeZone: 'UTC' }] }],
    ['never-finishes', { windows: [window(4), { deny: '0 1 * * *', duration: '12h', timeZone: 'UTC' }] }],
    ['never-finishes', { triggers: [{ olderThan: '1h' }], strategy: { verifyWithin: '50m' } }],
    ['never-finishes', { triggers: [{ olderThan: '1h' }], strategy: { verifyWithin: '20m' }, budgets: [{ max: 1 }] }],
  ])('%s: %j', (code, overrides) => {
    const { policy } = aPolicy(overrides);

    expect(lintPolicy(policy, snapshot, [], now).map((warning) => warning.code)).toContain(code);
  });

  it('sees that everything would go', () => {
    const { policy } = aPolicy();
    const all = aSnapshot([aGroupSnapshot({ instances: [aTainted(), aTainted()] })]);

    expect(lintPolicy(policy, all, [], now)).toMatchObject([{ code: 'matches-everything' }]);
    expect(lintPolicy(policy, snapshot, [], now)).toEqual([]);
  });

  it('sees that another policy lets it never act', () => {
    const { policy } = aPolicy({ windows: [window(4)] });
    const nights = aPolicy({ name: 'other', windows: [{ ...window(4), allow: '0 12 * * *' }] });
    const none = aPolicy({ name: 'none', budgets: [{ max: 0 }] });
    const elsewhere = aPolicy({ name: 'elsewhere', select: { group: 'api' }, budgets: [{ max: 0 }] });

    const said = (other: typeof nights) => lintPolicy(policy, snapshot, [other], now).map(({ code }) => code);

    expect([said(nights), said(none), said(elsewhere)]).toEqual([['contradicts'], ['contradicts'], []]);
  });

  it('sees that nothing is ever outdated where nothing is promoted', () => {
    const { policy } = aPolicy({ triggers: [{ outdated: true }] });
    const bare = aSnapshot([aGroupSnapshot({ group: aGroup({ images: {} }), instances })]);

    expect(lintPolicy(policy, bare, [], now)).toMatchObject([{ code: 'never-matches' }]);
  });
});
