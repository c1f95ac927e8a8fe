import { describe, expect, it } from 'vitest';
import { previewOf } from '../../../agent/rules/preview.ts';
import type { Scan } from '../../../agent/scan.ts';
import type { Hole } from '../../../shared/coverage.ts';
import { digestOf } from '../../../shared/digest.ts';
import type { Finding } from '../../../shared/finding.ts';
import { previewBytesMax, previewDifferencesMax } from '../../../shared/protocol.ts';
import { aCoverage, aFinding, aTime } from '../../support/builders.ts';
import { codeOf } from '../../support/code-of.ts';

const digest = digestOf('rules');

function swept(findings: readonly Finding[], holes: readonly Hole[] = []): Scan {
  return { kind: 'sweep', startedAt: aTime, finishedAt: aTime, findings, coverage: aCoverage({ holes: [...holes] }) };
}

describe('a preview', () => {
  it('is what differs between two sweeps, with the verdict of each', () => {
    const stays = aFinding({ name: '/stays', severity: 'low' });
    const before = [
      stays,
      aFinding({ name: '/graver', severity: 'low' }),
      aFinding({ name: '/silent', severity: 'low' }),
    ];
    const after = [
      stays,
      aFinding({ name: '/graver', severity: 'high' }),
      aFinding({ name: '/new', severity: 'critical' }),
    ];

    const preview = previewOf(digest, swept(before), swept(after));

    expect(preview).toMatchObject({ digest, before: 'drifted', after: 'drifted' });
    expect(preview.counts).toEqual({ flagged: 1, silent: 1, regraded: 1 });
    expect(preview.differences.map((one) => [one.name, one.before, one.after])).toEqual([
      ['/new', null, 'critical'],
      ['/graver', 'low', 'high'],
      ['/silent', 'low', null],
    ]);
  });

  it.each([
    ['the one by the rules in force', 0],
    ['the one by the newer rules', 1],
  ])('is none where a sweep could look at nothing: %s', (_, which) => {
    const blind = swept([], [{ subject: 'file', name: '/', reason: 'io-error' }]);
    const [before, after] = which === 0 ? [blind, swept([])] : [swept([]), blind];

    expect(codeOf(() => previewOf(digest, before, after))).toBe('UNSTABLE');
  });

  it('is made in spite of a hole somewhere, which its verdicts say', () => {
    const hole: Hole = { subject: 'file', name: '/srv', reason: 'unreadable' };

    expect(previewOf(digest, swept([], [hole]), swept([]))).toMatchObject({ before: 'unverifiable', after: 'in_sync' });
  });

  it('counts all that differs, and names as many as a message holds', () => {
    const many = Array.from({ length: previewDifferencesMax + 1 }, (_, n) => aFinding({ name: `/many/${n}` }));
    const long = Array.from({ length: 20 }, (_, n) => aFinding({ name: `/${'x'.repeat(30_000)}${n}` }));

    const [ofMany, ofLong] = [many, long].map((found) => previewOf(digest, swept([]), swept(found)));

    expect(ofMany?.counts.flagged).toBe(many.length);
    expect(ofMany?.differences).toHaveLength(previewDifferencesMax);
    expect(ofLong?.counts.flagged).toBe(long.length);
    expect(ofLong?.differences.length).toBeGreaterThan(0);
    expect(JSON.stringify(ofLong?.differences).length).toBeLessThanOrEqual(previewBytesMax + 2);
  });
});
