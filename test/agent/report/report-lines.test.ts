import { describe, expect, it } from 'vitest';
import { summaryOf } from '../../../agent/check/verify.ts';
import { linesOf, openReportReader } from '../../../agent/report/report-lines.ts';
import { Finding } from '../../../shared/finding.ts';
import { frameBytesMax } from '../../../shared/protocol.ts';
import type { Report } from '../../../shared/report.ts';
import { aCoverage, aFinding, aTime } from '../../support/builders.ts';

const findings = Array.from({ length: 20 }, (_, n) => Finding.parse(aFinding({ name: `/ä${n}` })));
const bytesMax = 1_000_000;

function aReport(found: readonly Finding[]): Report {
  return {
    schema: 'pristine.report/1',
    ...{ image: null, rules: null, root: '/', startedAt: aTime, finishedAt: aTime, verdict: 'drifted' },
    ...{ coverage: aCoverage(), findings: [...found], summary: summaryOf(found) },
  };
}

function bytesOf(report: Report): Buffer {
  return Buffer.from([...linesOf(report)].join(''));
}

describe('a report as lines', () => {
  it.each([1, 7, 100_000])('is the same report whatever it is cut into: %d bytes at a time', (size) => {
    const reader = openReportReader({ bytesMax });
    const bytes = bytesOf(aReport(findings));

    for (let at = 0; at < bytes.length; at += size) reader.take(bytes.subarray(at, at + size));

    expect(reader.finish()).toEqual(aReport(findings));
  });

  it('has a finding that is known already as that object, and no other', () => {
    const [same, graver, told] = findings;
    const all = [same!, { ...graver!, severity: 'critical' as const }, { ...told!, changes: 2 }];
    const known = new Map(all.map((one) => [one.fingerprint, one]));
    const reader = openReportReader({ bytesMax, known: (fingerprint) => known.get(fingerprint) });

    reader.take(bytesOf(aReport([same!, graver!, told!])));

    const read = reader.finish().findings;
    expect(read).toEqual([same, graver, told]);
    expect(read[0]).toBe(same);
    expect(read[2]!.actual).toBe(told!.actual);
  });

  it('is refused once it is more than it may be, in all or in one line', () => {
    const bytes = bytesOf(aReport(findings));
    expect(() => openReportReader({ bytesMax: bytes.length - 1 }).take(bytes)).toThrow('more than');

    const reader = openReportReader({ bytesMax: 10 * frameBytesMax });
    reader.take(bytesOf(aReport([])));
    reader.take(Buffer.alloc(frameBytesMax, 'x'));
    expect(() => reader.take(Buffer.from('x'))).toThrow('longer than');
  });

  it.each([
    ['nothing', ''],
    ['half a line', '{"schema":'],
    ['fewer findings than it counts', `${JSON.stringify({ ...aReport(findings), findings: [] })}\n`],
  ])('is none where %s came', (_what, text) => {
    const reader = openReportReader({ bytesMax });
    reader.take(Buffer.from(text));

    expect(() => reader.finish()).toThrow();
  });
});
