import type { Finding } from '../../shared/finding.ts';
import { compareNames } from '../../shared/name.ts';
import { foldRelabels, type Relabel } from '../../shared/relabel.ts';
import type { Report } from '../../shared/report.ts';
import { gravestFirst } from '../../shared/severity.ts';

const examplesMax = 3;

/** What was done to a whole tree, each with its gravest findings as examples, and the report without those beneath. */
export function foldedRelabels(report: Report): {
  readonly relabels: readonly { readonly relabel: Relabel; readonly examples: readonly Finding[] }[];
  readonly rest: Report;
} {
  const { relabels, members, rest } = foldRelabels(report.findings);
  return {
    relabels: relabels.map((relabel) => ({
      relabel,
      examples: members
        .get(relabel.fingerprint)!
        .toSorted((a, b) => gravestFirst(a, b) || compareNames(a.name, b.name))
        .slice(0, examplesMax),
    })),
    rest: { ...report, findings: [...rest] },
  };
}

/** "selinux differs on 4211 files: a relabel". */
export function relabelSentence({ attributes, files }: Relabel): string {
  return `${attributes.join(' and ')} ${attributes.length === 1 ? 'differs' : 'differ'} on ${files} files: a relabel`;
}
