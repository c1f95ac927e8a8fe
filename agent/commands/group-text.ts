import type { PackageGroup } from '../../shared/attribution.ts';
import type { Finding } from '../../shared/finding.ts';
import type { Report } from '../../shared/report.ts';
import { highestSeverity, type Severity, severityAtLeast } from '../../shared/severity.ts';

export interface PackageLine {
  /** The highest of what the line stands for. */
  readonly severity: Severity;
  readonly text: string;
}

/**
 * What the package manager did, in a line a package, and the findings that no such line stands for: what no package owns,
 * what is not as its package says, and whatever is more than medium. A package that did not change itself explains nothing.
 */
export function foldPackages({ findings, packages = [] }: Report): {
  readonly lines: readonly PackageLine[];
  readonly shown: readonly Finding[];
} {
  const byFingerprint = new Map(findings.map((finding) => [finding.fingerprint, finding]));
  const folds = packages
    .filter(({ from, to }) => from !== undefined || to !== undefined)
    .map((group) => ({ group, folded: explainedBy(group, byFingerprint) }))
    .filter(({ folded }) => folded.length > 1);
  const folded = new Set(folds.flatMap((fold) => fold.folded));
  return {
    lines: folds.map((fold) => ({
      severity: fold.folded.reduce<Severity>((highest, { severity }) => highestSeverity(highest, severity), 'info'),
      text: textOf(fold.group),
    })),
    shown: findings.filter((finding) => !folded.has(finding)),
  };
}

function explainedBy(group: PackageGroup, byFingerprint: ReadonlyMap<string, Finding>): readonly Finding[] {
  const otherwise = new Set(group.otherwise);
  return group.fingerprints
    .flatMap((fingerprint) => byFingerprint.get(fingerprint) ?? [])
    .filter(
      (finding) =>
        !severityAtLeast(finding.severity, 'high') &&
        (finding.subject !== 'file' || (!otherwise.has(finding.name) && isUsual(finding))),
    );
}

function isUsual({ change, attributes, actual }: Finding): boolean {
  if (change === 'modified') return attributes.length > 0 && attributes.every((one) => upgraded.has(one));
  return (
    attributes.every((one) => plain.has(one)) && actual['uid'] === 0 && actual['gid'] === 0 && !isOpen(actual['mode'])
  );
}

/** Whether others than root may write. */
function isOpen(mode: unknown): boolean {
  return typeof mode === 'string' && (Number.parseInt(mode, 8) & 0o022) !== 0;
}

const plain: ReadonlySet<string> = new Set(['type', 'mode', 'uid', 'gid', 'size', 'content', 'target']);

/** What a new version brings with it. No database of packages vouches for another mode or owner. */
const upgraded: ReadonlySet<string> = new Set(['content', 'size', 'target']);

function textOf({ package: name, from, to, files, asPackaged, otherwise }: PackageGroup): string {
  const unknown = files - asPackaged - otherwise.length;
  const parts = [
    ...(asPackaged === files
      ? ['all with the content it says']
      : asPackaged > 0
        ? [`${asPackaged} with the content it says`]
        : []),
    ...(otherwise.length > 0 ? [`${otherwise.length} otherwise`] : []),
    ...(unknown > 0 ? [`${unknown} of which it does not say`] : []),
  ];
  return `${name}${versions(from, to)}: ${files} file${files === 1 ? '' : 's'}${parts.length > 0 ? `, ${parts.join(', ')}` : ''}`;
}

function versions(from: string | undefined, to: string | undefined): string {
  if (from === undefined) return ` ${to} added`;
  return to === undefined ? ` ${from} removed` : ` ${from} → ${to}`;
}
