import type { PackageGroup } from '../../shared/attribution.ts';
import type { Finding } from '../../shared/finding.ts';
import type { Report } from '../../shared/report.ts';

/**
 * What the package manager did, in a line a package, and the findings that no such line stands for: what no package owns,
 * what is not as its package says, and whatever is more than medium. A package with one finding needs no line.
 */
export function foldPackages({ findings, packages = [] }: Report): {
  readonly lines: readonly string[];
  readonly shown: readonly Finding[];
} {
  const groups = packages.filter(({ fingerprints }) => fingerprints.length > 1);
  const otherwise = new Set(groups.flatMap((group) => group.otherwise));
  const folded = new Set(groups.flatMap(({ fingerprints }) => fingerprints));
  return {
    lines: groups.map(lineOf),
    shown: findings.filter(
      ({ fingerprint, subject, name, severity }) =>
        !folded.has(fingerprint) ||
        (subject === 'file' && otherwise.has(name)) ||
        severity === 'high' ||
        severity === 'critical',
    ),
  };
}

function lineOf({ package: name, from, to, files, asPackaged, otherwise }: PackageGroup): string {
  const unknown = files - asPackaged - otherwise.length;
  const parts = [
    ...(asPackaged === files
      ? ['all as the package says']
      : asPackaged > 0
        ? [`${asPackaged} as the package says`]
        : []),
    ...(otherwise.length > 0 ? [`${otherwise.length} otherwise`] : []),
    ...(unknown > 0 ? [`${unknown} without a known content`] : []),
  ];
  return `${name}${versions(from, to)}: ${files} file${files === 1 ? '' : 's'}${parts.length > 0 ? `, ${parts.join(', ')}` : ''}`;
}

function versions(from: string | undefined, to: string | undefined): string {
  if (from === undefined) return to === undefined ? '' : ` ${to} added`;
  return to === undefined ? ` ${from} removed` : ` ${from} → ${to}`;
}
