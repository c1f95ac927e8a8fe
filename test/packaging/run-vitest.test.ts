import { describe, expect, it } from 'vitest';
import { tallyOf } from '../../packaging/run-vitest.ts';

const aReport = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 2,
  numTodoTests: 1,
  testResults: [{ name: 'a.test.ts', status: 'passed', assertionResults: [{ fullName: 'a fact', status: 'passed' }] }],
};

describe('tallyOf', () => {
  it('counts what vitest counted, tests left out as skipped', () => {
    expect(tallyOf(aReport, true)).toEqual({ passed: 5, failed: 0, skipped: 3, notes: [] });
  });

  it('names what failed and why, and what was skipped', () => {
    const assertionResults = [
      { fullName: 'adds', status: 'failed', failureMessages: ['expected 3, got 4\n    at add'] },
      { fullName: 'subtracts', status: 'skipped', failureMessages: null },
    ];
    const report = { ...aReport, numFailedTests: 1, testResults: [{ name: 'a', status: 'failed', assertionResults }] };

    expect(tallyOf(report, false)).toMatchObject({
      failed: 1,
      notes: ['failed: a: adds: expected 3, got 4', 'skipped: a: subtracts'],
    });
  });

  it('counts a file that could not be loaded as a failure', () => {
    const broken = { name: 'a.test.ts', status: 'failed', message: 'no such module', assertionResults: [] };
    const report = { ...aReport, testResults: [broken] };

    expect(tallyOf(report, false)).toMatchObject({ failed: 1, notes: ['failed: a.test.ts: no such module'] });
  });

  it('fails a run that failed outside of every test', () => {
    expect(tallyOf(aReport, false)).toMatchObject({ passed: 5, failed: 1, skipped: 3 });
  });

  it('fails a run that left no report', () => {
    expect(tallyOf(undefined, true)).toMatchObject({ passed: 0, failed: 1, skipped: 0 });
  });
});
