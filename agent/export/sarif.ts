import type { Finding } from '../../shared/finding.ts';
import { nameBytes } from '../../shared/name.ts';
import type { Report } from '../../shared/report.ts';
import { isRestored } from '../../shared/restored-text.ts';
import type { Severity } from '../../shared/severity.ts';
import { findingSentence } from './finding-sentence.ts';

/** A report as SARIF 2.1.0 (OASIS): a rule for each kind of drift, a result for each finding, a notification for each hole. */
export function sarifOf(report: Report, version: string) {
  const kinds = [...new Set(report.findings.map(kindOf))].sort();
  const { coverage, error, verdict, startedAt, finishedAt } = report;
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'pristine',
            version,
            rules: kinds.map((id) => ({
              id,
              shortDescription: { text: `${id.replace('/', ' ')} since the image was baked` },
            })),
          },
        },
        originalUriBaseIds: { ROOT: { description: { text: 'the root that was compared with its manifest' } } },
        invocations: [
          {
            executionSuccessful: verdict !== 'unverifiable',
            startTimeUtc: startedAt,
            endTimeUtc: finishedAt,
            toolExecutionNotifications: [
              ...(error === undefined ? [] : [notification(`${error.code}: ${error.message}`)]),
              ...coverage.holes.map(({ subject, name, reason }) =>
                notification(`could not look at ${subject} ${name}: ${reason}`),
              ),
            ],
          },
        ],
        results: report.findings.map((finding) => ({
          ruleId: kindOf(finding),
          ruleIndex: kinds.indexOf(kindOf(finding)),
          level: levels[finding.severity],
          message: { text: plainText(findingSentence(finding)) },
          locations: locationsOf(finding),
          partialFingerprints: { 'pristine/v1': finding.fingerprint },
          properties: { severity: finding.severity, rule: finding.rule, attributes: finding.attributes },
        })),
      },
    ],
  };
}

function kindOf(finding: Finding): string {
  return `${finding.subject}/${isRestored(finding) ? 'restored' : finding.change}`;
}

const levels: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
};

function notification(text: string) {
  return { level: 'error', message: { text: plainText(text) } };
}

/** A message may hold links, `[text](target)`, and placeholders, `{0}`: what others called a file is neither. */
function plainText(text: string): string {
  return text.replace(/[[\]\\]/g, '\\$&').replace(/[{}]/g, '$&$&');
}

const locationsMax = 16;

function locationsOf(finding: Finding) {
  const { subject, name, expected, actual } = finding;
  const files = subject === 'file' ? [name] : [expected['files'], actual['files']].flatMap(listed);
  if (files.length === 0) return [{ logicalLocations: [{ fullyQualifiedName: `${subject} ${name}` }] }];
  return [...new Set(files)].slice(0, locationsMax).map((file) => ({
    physicalLocation: { artifactLocation: { uri: uriOf(file), uriBaseId: 'ROOT' } },
  }));
}

function listed(value: unknown): readonly string[] {
  return Array.isArray(value) ? value : [];
}

/** Relative to the root, every byte that is not unreserved (RFC 3986) percent-encoded. */
function uriOf(name: string): string {
  const bytes = nameBytes(name) ?? Buffer.from(name);
  const encoded = bytes
    .toString('latin1')
    .replace(/[^A-Za-z0-9/._~-]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  return encoded.replace(/^\/+/, '') || './';
}
