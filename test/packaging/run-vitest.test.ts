import { describe, expect, it } from 'vitest';
import { tallyOf } from '../../packaging/run-vitest.ts';

const aReport = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 2,
  numTodoTests: 1,
  testResults: [{ status: 'passed', assertionResults: [{}] }],
};

describe('tallyOf', () => {
  it('counts what vitest counted, tests left out as skipped', () => {
    expect(tallyOf(aReport, true)).toEqual({ passed: 5, failed: 0, skipped: 3 });
  });

  it('counts a file that could not be loaded as a failure', () => {
    const report = { ...aReport, testResults: [{ status: 'failed', assertionResults: [] }] };

    expect(tallyOf(report, false)).toEqual({ passed: 5, failed: 1, skipped: 3 });
  });

  it('fails a run that failed outside of every test', () => {
    expect(tallyOf(aReport, false)).toEqual({ passed: 5, failed: 1, skipped: 3 });
  });

  it('fails a run that left no report', () => {
    expect(tallyOf(undefined, true)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});
