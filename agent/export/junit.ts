import type { Report } from '../../shared/report.ts';
import { severityAtLeast } from '../../shared/severity.ts';
import { findingSentence } from './finding-sentence.ts';

/** A report as JUnit XML, which CI systems show: a failure for each finding of `low` or more, an error for each hole. */
export function junitOf({ findings, coverage, error, image, root, startedAt, finishedAt }: Report): string {
  const failing = findings.filter(({ severity }) => severityAtLeast(severity, 'low'));
  const errors = [
    ...(error === undefined ? [] : [{ type: error.code, subject: 'manifest', name: root, text: error.message }]),
    ...coverage.holes.map(({ subject, name, reason }) => ({
      type: reason,
      subject,
      name,
      text: 'could not be looked at',
    })),
  ];
  const isClean = failing.length + errors.length === 0;
  const seconds = Math.max(0, (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000).toFixed(3);
  const name = image === null ? root : `${image.name}@${image.version}`;
  const tests = failing.length + errors.length + (isClean ? 1 : 0);
  const counts = { tests, failures: failing.length, errors: errors.length };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes({ ...counts, time: seconds })}>`,
    `  <testsuite ${attributes({ name, ...counts, time: seconds, timestamp: startedAt.slice(0, 19) })}>`,
    ...(isClean
      ? [`    <testcase ${attributes({ classname: 'pristine', name: 'everything is as it was baked' })}/>`]
      : []),
    ...failing.map((finding) =>
      testCase(finding, 'failure', {
        type: finding.severity,
        message: `${findingSentence(finding)} (${finding.rule}, ${finding.fingerprint})`,
      }),
    ),
    ...errors.map((one) => testCase(one, 'error', { type: one.type, message: one.text })),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(
  { subject, name }: { readonly subject: string; readonly name: string },
  element: 'failure' | 'error',
  details: Readonly<Record<string, string>>,
): string {
  return `    <testcase ${attributes({ classname: `pristine.${subject}`, name })}><${element} ${attributes(details)}/></testcase>`;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${xmlText(String(value))}"`)
    .join(' ');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML 1.0 has no way to write control characters, lone surrogates and U+FFFE: they are shown, as terminals are shown them. */
function xmlText(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\ufffe\uffff]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)
    .replace(/[&<>"']/g, (char) => entities[char]!);
}
