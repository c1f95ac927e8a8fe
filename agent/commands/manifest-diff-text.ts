import { factSentence } from '../../shared/fact-text.ts';
import type { Change, Difference } from '../../shared/finding.ts';
import { imageRef } from '../../shared/image.ts';
import { terminalSafe } from '../../shared/name.ts';
import { privilegeChange } from '../../shared/privilege.ts';
import type { Rule } from '../../shared/rules.ts';
import { type DiffSide, listedMax, type ManifestDiff } from '../manifest/diff.ts';
import { paint } from './paint.ts';
import { counted, value } from './report-text.ts';

/** What changed between two images for a person: packages and configuration first, then files by directory. */
export function diffText(diff: ManifestDiff): string {
  const { from, to, summary, equal } = diff;
  const counts = `${summary.added} added, ${summary.removed} removed, ${summary.modified} modified`;
  const lines = [
    `${imageRef(from.image)} → ${imageRef(to.image)}: ${equal ? 'the same entries, rules and platform' : counts}`,
    ...sideLines(from, to),
    ...(diff.labelsInOne ? ['only one of them has SELinux labels: they are not compared'] : []),
    ...section('rules', ruleLines(diff)),
    ...section('packages', diff.packages.map(packageLine)),
    ...section(
      'configuration',
      diff.facts.map((fact) => factSentence(fact)),
    ),
    ...section('files', fileLines(diff.files)),
    ...(diff.truncated ? [`only the first ${listedMax} differences are listed`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function sideLines(a: DiffSide, b: DiffSide): string[] {
  const textsOf = ({ platform, tool, profile }: DiffSide) => [
    ['platform', `${platform.os}/${platform.arch} ${platform.distro}`] as const,
    ['tool', `${tool.name} ${tool.version}`] as const,
    ['profile', profile] as const,
  ];
  const before = textsOf(a);
  return textsOf(b)
    .map(([what, now], index) => [what, before[index]![1], now] as const)
    .filter(([, was, now]) => was !== now)
    .map(([what, was, now]) => terminalSafe(`${what} ${was} → ${now}`));
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', paint('bold', title), ...lines.map((line) => `  ${terminalSafe(line)}`)];
}

function ruleLines({ rules: { added, removed, reordered, otherwise } }: ManifestDiff): string[] {
  const text = ({ match, as, severity }: Rule) =>
    `${match.join(', ')} as ${as}${severity === undefined ? '' : `, severity ${severity}`}`;
  return [
    ...added.map((rule) => `added: ${text(rule)}`),
    ...removed.map((rule) => `removed: ${text(rule)}`),
    ...(reordered ? ['those that both have stand in another order'] : []),
    ...(otherwise ? ['mounts or components are declared otherwise'] : []),
  ];
}

/** `openssl:amd64 3.0.15 → 3.0.16`. */
function packageLine({ name, change, expected, actual }: Difference): string {
  const [from, to] = [expected['version'], actual['version']];
  if (change !== 'modified') return `${name} ${change === 'added' ? to : from} ${change}`;
  return from === to ? `${name} ${to} changed in status or origin` : `${name} ${from} → ${to}`;
}

/** A directory with more than so many is one line. */
const filesADirectoryMax = 8;

/** So many files with another owner, mode or kind are a line each; of a whole tree that was changed so, not every one. */
const changedSoMax = 100;

/**
 * Manifests do not say which package owns a file, so that files stand by directory; what gains or loses power stands out, and
 * so does what a new version of a file does not bring: another owner, mode or kind.
 */
function fileLines(files: readonly Difference[]): string[] {
  const powerful = files.filter((file) => privilegeChange(file) !== undefined);
  const changedSo = files.filter((file) => privilegeChange(file) === undefined && isChangedSo(file));
  const apart = new Set([...powerful, ...changedSo.slice(0, changedSoMax)]);
  const byDirectory = Map.groupBy(
    files.filter((file) => !apart.has(file)),
    ({ name }) => name.slice(0, name.lastIndexOf('/')) || '/',
  );
  return [
    ...powerful.map((file) => `${file.change.padEnd(8)}  ${file.name} ${privilegeChange(file)}`),
    ...changedSo.slice(0, changedSoMax).map(changedSoLine),
    ...[...byDirectory].flatMap(([directory, inside]) =>
      inside.length > filesADirectoryMax ? [foldedLine(directory, inside)] : inside.map(fileLine),
    ),
  ];
}

const broughtAnyway: ReadonlySet<string> = new Set(['content', 'size', 'target']);

function isChangedSo({ change, attributes }: Difference): boolean {
  return change === 'modified' && attributes.some((attribute) => !broughtAnyway.has(attribute));
}

function changedSoLine({ name, change, attributes, expected, actual }: Difference): string {
  const parts = attributes.map((attribute) =>
    broughtAnyway.has(attribute)
      ? attribute
      : `${attribute} ${value(expected[attribute])} → ${value(actual[attribute])}`,
  );
  return `${change.padEnd(8)}  ${name}: ${parts.join(', ')}`;
}

function fileLine({ name, change, attributes }: Difference): string {
  return `${change.padEnd(8)}  ${name}${change === 'modified' ? `: ${attributes.join(', ')}` : ''}`;
}

function foldedLine(directory: string, inside: readonly Difference[]): string {
  const count = (change: Change) => inside.filter((file) => file.change === change).length;
  const parts = (['added', 'removed', 'modified'] as const)
    .filter((change) => count(change) > 0)
    .map((change) => `${count(change)} ${change}`);
  return `${'in'.padEnd(8)}  ${directory}: ${counted(inside.length, 'file')}, ${parts.join(', ')}`;
}
