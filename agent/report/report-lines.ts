import { Finding } from '../../shared/finding.ts';
import { frameBytesMax } from '../../shared/protocol.ts';
import { Report } from '../../shared/report.ts';
import { openLines } from '../lines.ts';
import { knowBytes } from './finding-bytes.ts';

/**
 * A report as lines of JSON: first the report without its findings, then one finding a line. So neither who writes nor who
 * reads it ever holds more than one of a hundred thousand as text.
 */
export function* linesOf(report: Report): Iterable<string> {
  yield `${JSON.stringify({ ...report, findings: [] })}\n`;
  for (const finding of report.findings) yield `${JSON.stringify(finding)}\n`;
}

/** Takes what comes, and throws as soon as it is no such report, or more than it may be. */
export interface ReportReader {
  take(chunk: Buffer): void;
  /** Errors: what was taken ends before the report does. */
  finish(): Report;
}

export interface ReportReaderOptions {
  readonly bytesMax: number;
  /** A finding that is in memory already, by its fingerprint: what is the same of it takes the place of what is read. */
  readonly known?: ((fingerprint: string) => Finding | undefined) | undefined;
}

/** Of a finding: more would fit no frame. */
const lineBytesMax = frameBytesMax;

export function openReportReader({ bytesMax, known = () => undefined }: ReportReaderOptions): ReportReader {
  let report: Report | undefined;
  const findings: Finding[] = [];
  let bytes = 0;
  const lines = openLines((line) => {
    const value: unknown = JSON.parse(line);
    if (report === undefined) report = Report.parse(value);
    else findings.push(shared(Finding.parse(value), known));
  });
  return {
    take(chunk) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw new Error(`reported more than ${bytesMax} bytes`);
      lines.take(chunk, report === undefined ? bytesMax : lineBytesMax);
    },
    finish() {
      lines.finish();
      if (report === undefined) throw new Error('reported nothing');
      const { added, removed, modified } = report.summary;
      const count = added + removed + modified;
      if (findings.length !== count) throw new Error(`expected ${count} findings, got ${findings.length}`);
      return { ...report, findings };
    },
  };
}

function shared(finding: Finding, known: (fingerprint: string) => Finding | undefined): Finding {
  const text = JSON.stringify(finding);
  const other = known(finding.fingerprint);
  if (other !== undefined) {
    // A sweep does not know who did it, nor how often.
    const { diff, actors, changes, ...found } = other;
    if (JSON.stringify(found) === text) return (diff ?? actors ?? changes) === undefined ? other : found;
  }
  knowBytes(finding, Buffer.byteLength(text));
  return finding;
}
