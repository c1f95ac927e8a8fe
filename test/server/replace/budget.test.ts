import { describe, expect, it } from 'vitest';
import { breakerThreshold } from '../../../server/replace/breaker.ts';
import { capOf, fleetCap, percentOf, policyCap } from '../../../server/replace/budget.ts';
import { aPolicy } from '../../support/snapshot.ts';

describe('percentages', () => {
  it.each([
    [10, 0, 1],
    [10, 9, 1],
    [10, 19, 1],
    [10, 20, 2],
    [100, 7, 7],
    [0, 1_000, 0],
  ])('%i %% of %i is %i', (percent, size, expected) => {
    expect(percentOf(percent, size)).toBe(expected);
  });

  it('reads caps as counts and as percentages', () => {
    expect([capOf(0, 50), capOf(3, 50), capOf('0%', 50), capOf('10%', 50)]).toEqual([0, 3, 0, 5]);
  });

  it('holds a group to 10 % and at most 5 where no budget is written', () => {
    const { policy } = aPolicy();

    expect([1, 10, 30, 1_000].map((size) => policyCap(policy, size, 'drift'))).toEqual([1, 1, 3, 5]);
  });

  it('holds each trigger to the smallest budget that is for it, and to the default where none is for all', () => {
    const { policy } = aPolicy({
      budgets: [
        { max: '25%', triggers: ['outdated'] },
        { max: 1, triggers: ['age'] },
      ],
    });
    const { policy: wide } = aPolicy({ budgets: [{ max: '50%' }, { max: '25%', triggers: ['outdated'] }] });
    const caps = (of: typeof policy) => (['drift', 'outdated', 'age'] as const).map((each) => policyCap(of, 40, each));

    expect([caps(policy), caps(wide)]).toEqual([
      [4, 4, 1],
      [20, 10, 20],
    ]);
  });

  it('holds the fleet to 1 %, at least one and at most 20', () => {
    expect([1, 100, 250, 2_000, 100_000].map(fleetCap)).toEqual([1, 1, 2, 20, 20]);
  });

  it('trips a group at three, or above 30 %', () => {
    expect([1, 6, 9, 10, 100].map(breakerThreshold)).toEqual([3, 3, 3, 4, 31]);
  });
});
