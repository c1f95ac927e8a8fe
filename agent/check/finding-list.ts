import type { Finding } from '../../shared/finding.ts';
import { type FindingLimits, placeFindings } from '../report/place-findings.ts';

/** The findings of one scan. */
export interface FindingList {
  readonly add: (finding: Finding) => void;
  readonly all: () => readonly Finding[];
  /** Some were left out. */
  readonly isCut: () => boolean;
}

/** Sorting them costs more than a few that are too many. */
const cutAt = 1.25;

/** Everything there is, or with limits no more than its reader takes, the gravest first: never much more is held. */
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
      if (limits !== undefined && findings.length >= cutAt * limits.openFindingsMax) cut(limits);
    },
    all: () => {
      if (limits !== undefined) cut(limits);
      return findings;
    },
    isCut: () => isCut,
  };
}
