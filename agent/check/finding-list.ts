import type { Finding } from '../../shared/finding.ts';
import { type FindingLimits, placeFindings } from '../report/place-findings.ts';

/** The findings of one scan. */
export interface FindingList {
  readonly add: (finding: Finding) => void;
  readonly all: () => readonly Finding[];
  /** Some were left out. */
  readonly isCut: () => boolean;
}

/** Everything there is, or with limits no more than an agent keeps, the gravest first: a scan of the agent holds never much more. */
export function openFindingList(limits?: FindingLimits): FindingList {
  let findings: Finding[] = [];
  let isCut = false;
  const cut = (to: FindingLimits) => {
    const placed = placeFindings([], findings, to);
    findings = [...placed.placed];
    isCut ||= placed.isCut;
  };
  return {
    add: (finding) => {
      findings.push(finding);
      if (limits !== undefined && findings.length >= 2 * limits.openFindingsMax) cut(limits);
    },
    all: () => {
      if (limits !== undefined) cut(limits);
      return findings;
    },
    isCut: () => isCut,
  };
}
