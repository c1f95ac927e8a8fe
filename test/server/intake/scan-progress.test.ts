import { describe, expect, it } from 'vitest';
import { followScan } from '../../../server/intake/scan-progress.ts';

const scan = { full: true, scanId: 'a', boot: 1, part: 2, parts: 3 };
const pending = { scanId: 'a', boot: 1, part: 1, parts: 3 };

describe('followScan', () => {
  it('goes on with the next part', () => {
    expect(followScan(scan, pending)).toEqual({ pending: { ...pending, part: 2 }, completes: false });
  });

  it('completes with the last part', () => {
    expect(followScan({ ...scan, part: 3 }, { ...pending, part: 2 })).toEqual({ pending: null, completes: true });
  });

  it('completes at once in one part', () => {
    expect(followScan({ ...scan, part: 1, parts: 1 }, null)).toEqual({ pending: null, completes: true });
  });

  it('begins anew with a first part, whatever was pending', () => {
    expect(followScan({ ...scan, scanId: 'b', part: 1 }, pending).pending).toEqual({ ...pending, scanId: 'b' });
  });

  it.each([
    ['a check', { full: false }, pending],
    ['a part without a beginning', {}, null],
    ['a part left out', { part: 3 }, pending],
    ['the same part again', { part: 2 }, { ...pending, part: 2 }],
    ['a part of another sweep', { scanId: 'b' }, pending],
    ['a part of another boot', { boot: 2 }, pending],
    ['a part of another count', { parts: 2 }, pending],
  ])('ends without completing at %s', (_, change, before) => {
    expect(followScan({ ...scan, ...change }, before)).toEqual({ pending: null, completes: false });
  });
});
