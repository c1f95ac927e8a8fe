import { whoSentence } from '../../shared/actor-text.ts';
import { factSentence } from '../../shared/fact-text.ts';
import type { Finding } from '../../shared/finding.ts';
import { imageRef } from '../../shared/image.ts';
import { terminalSafe } from '../../shared/name.ts';
import { privilegeChange } from '../../shared/privilege.ts';
import type { Report } from '../../shared/report.ts';
import { isRestored, restoredWords } from '../../shared/restored-text.ts';
import type { Severity } from '../../shared/severity.ts';
import { severities } from '../../shared/severity.ts';
import { diffLines } from './diff-text.ts';
import { foldPackages, type PackageLine } from './group-text.ts';
import { paint, type Style } from './paint.ts';
import { foldedRelabels, relabelSentence } from './relabel-text.ts';

/** A report for the person on call: what is wrong and how badly first, what was not looked at, how much was. */
export function reportText(report: Report): string {
  const lines = [
    headline(report),
    ...findingLines(report),
    ...holeLines(report),
    ...coverageLines(report),
    ...adviceLines(report),
  ];
  return `${lines.join('\n')}\n`;
}

const verdictStyles: Readonly<Record<Report['verdict'], Style>> = {
  in_sync: ['green', 'bold'],
  drifted: ['red', 'bold'],
  unverifiable: ['yellow', 'bold'],
};

function headline({ verdict, image, root, findings, coverage, error }: Report): string {
  const subject = image === null ? terminalSafe(root) : `${terminalSafe(root)} against ${imageRef(image)}`;
  return `${paint(verdictStyles[verdict], verdict)}  ${subject}: ${reasonFor(verdict, findings, coverage.holes.length, error)}`;
}

function reasonFor(
  verdict: Report['verdict'],
  findings: readonly Finding[],
  holes: number,
  error: Report['error'],
): string {
  if (error !== undefined) return `${error.code}: ${terminalSafe(error.message)}`;
  switch (verdict) {
    case 'in_sync':
      return findings.length === 0 ? 'everything is as it was baked' : `only ${counted(findings.length, 'remark')}`;
    case 'drifted': {
      const parts = severities
        .toReversed()
        .map((severity) => [findings.filter((finding) => finding.severity === severity).length, severity] as const)
        .filter(([count]) => count > 0)
        .map(([count, severity]) => `${count} ${severity}`);
      return `${counted(findings.length, 'finding')} (${parts.join(', ')})${holes > 0 ? ` and ${counted(holes, 'hole')}` : ''}`;
    }
    case 'unverifiable':
      return `${counted(holes, 'hole')}: not everything could be looked at`;
    default:
      return verdict satisfies never;
  }
}

const severityStyles: Readonly<Record<Severity, Style>> = {
  critical: ['red', 'bold'],
  high: 'red',
  medium: 'yellow',
  low: 'cyan',
  info: 'dim',
};

/** Worst first; of one severity, what stands for many findings before single ones. */
function findingLines(report: Report): string[] {
  const { relabels, rest } = foldedRelabels(report);
  const { lines, shown } = foldPackages(rest);
  const parts = [
    ...lines.map((line) => ({ severity: line.severity, lines: [packageLine(line)] })),
    ...relabels.map((one) => ({ severity: one.relabel.severity, lines: relabelLines(one) })),
    ...shown.map((finding) => ({ severity: finding.severity, lines: findingLine(finding) })),
  ];
  const worstFirst = severities.toReversed().flatMap((severity) => parts.filter((part) => part.severity === severity));
  return worstFirst.length === 0 ? [] : ['', ...worstFirst.flatMap((part) => part.lines)];
}

function packageLine({ severity, text }: PackageLine): string {
  return `  ${paint(severityStyles[severity], severity.padEnd(8))}  ${paint('bold', 'package')}   ${terminalSafe(text)}`;
}

function relabelLines({ relabel, examples }: ReturnType<typeof foldedRelabels>['relabels'][number]): string[] {
  const { severity } = relabel;
  const examplesOf = examples.flatMap((finding) => [
    `${detailIndent}${terminalSafe(finding.name)}`,
    ...differenceLines(finding),
  ]);
  return [
    `  ${paint(severityStyles[severity], severity.padEnd(8))}  ${paint('bold', terminalSafe(relabelSentence(relabel)))}`,
    ...examplesOf,
    `${detailIndent}${paint('dim', '… and the others: --format json lists them all')}`,
  ];
}

function findingLine(finding: Finding): string[] {
  const { severity, change, subject, name, rule } = finding;
  const power = privilegeChange(finding);
  const file = power === undefined ? name : `${name} ${power}`;
  const what = terminalSafe(subject === 'file' ? file : factSentence(finding));
  const shown = `  ${paint(severityStyles[severity], severity.padEnd(8))}  ${change.padEnd(8)}  ${what}`;
  const because = rule.startsWith('guard ') ? [`${detailIndent}${paint('dim', rule)}`] : [];
  return [shown, ...differenceLines(finding), ...whoLines(finding), ...because, ...diffLines(finding)];
}

function whoLines(finding: Finding): string[] {
  const who = whoSentence(finding);
  return who === undefined ? [] : [`${detailIndent}${paint('dim', terminalSafe(who))}`];
}

const detailIndent = ' '.repeat(22);

function differenceLines(finding: Finding): string[] {
  const { change, attributes, expected, actual } = finding;
  if (isRestored(finding)) return [`${detailIndent}${paint('dim', restoredWords)}`];
  if (change === 'removed') return [];
  if (change === 'added') {
    const { content: _, purl: __, files, ...rest } = actual;
    const parts = [
      ...Object.entries(rest).map(([name, raw]) => `${name} ${value(raw)}`),
      ...(files === undefined ? [] : [`in ${value(files)}`]),
    ];
    return parts.length === 0 ? [] : [`${detailIndent}${paint('dim', parts.join(', '))}`];
  }
  return attributes.map(
    (attribute) =>
      `${detailIndent}${paint('dim', `${attribute} ${value(expected[attribute])} → ${value(actual[attribute])}`)}`,
  );
}

/** Of a digest the beginning is enough to compare by eye; the whole is in the JSON. */
export function value(raw: Finding['expected'][string] | undefined): string {
  if (raw === undefined) return 'none';
  const text = terminalSafe(plain(raw));
  return /^sha256:/.test(text) ? `${text.slice(0, 19)}…` : text;
}

function plain(raw: Finding['expected'][string]): string {
  if (typeof raw !== 'object') return String(raw);
  if (Array.isArray(raw)) return raw.join(', ') || 'none';
  return Object.entries(raw)
    .map(([name, text]) => `${name}=${text}`)
    .join(', ');
}

function holeLines({ coverage, error }: Report): string[] {
  if (coverage.holes.length === 0 || error !== undefined) return [];
  return [
    '',
    'could not look at',
    ...coverage.holes.map(({ subject, name, reason }) => {
      const what = subject === 'component' ? 'component ' : subject === 'manifest' ? 'compared with: ' : '';
      return `  ${paint('yellow', reason.padEnd(16))}  ${what}${terminalSafe(name)}`;
    }),
  ];
}

function coverageLines({ coverage, error, startedAt, finishedAt }: Report): string[] {
  if (error !== undefined) return [];
  const { checked, entries, filesHashed, bytesHashed, skipped, mounts, components = [] } = coverage;
  const seconds = ((Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000).toFixed(1);
  const read = `${counted(filesHashed, 'file')} hashed (${bytes(bytesHashed)}) in ${seconds} s`;
  const list = (title: string, names: readonly string[]) =>
    names.length === 0 ? [] : [paint('dim', `${title}: ${names.map(terminalSafe).join(', ')}`)];
  return [
    '',
    `${checked} subjects looked at, ${entries} baked; ${read}`,
    ...list('laid over the image', components.map(imageRef)),
    ...list('entered mounts', mounts),
    ...list(
      'left out',
      skipped.map(({ name, rule }) => `${name} (${rule})`),
    ),
  ];
}

/** What to do next. */
function adviceLines({ verdict, coverage: { holes }, error }: Report): string[] {
  if (error !== undefined) return [];
  const isRoot = process.geteuid?.() === 0;
  return [
    ...(verdict === 'drifted' ? ['next: `pristine explain PATH` says which rule decides, and since when'] : []),
    ...(!isRoot && holes.some(({ reason }) => reason === 'unreadable')
      ? ['next: run it as root, who may read all']
      : []),
  ];
}

export function bytes(count: number): string {
  if (count < 1_000_000) return `${(count / 1_000).toFixed(1)} kB`;
  return count < 1_000_000_000 ? `${(count / 1_000_000).toFixed(1)} MB` : `${(count / 1_000_000_000).toFixed(1)} GB`;
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
