import type { Finding } from '../../shared/finding.ts';
import { relabelKindOf } from '../../shared/relabel.ts';
import { gravestFirst } from '../../shared/severity.ts';
import { findingBytes } from './finding-bytes.ts';

export interface FindingLimits {
  /** Open findings kept. Those above it are not reported one by one: a hole `too-many` at `/` stands for them. */
  readonly openFindingsMax: number;
  /** Of all open findings as JSON. The same happens at this bound. */
  readonly openBytesMax: number;
}

export interface Placed {
  readonly placed: readonly Finding[];
  /** Some have no place. */
  readonly isCut: boolean;
}

/**
 * The findings that have a place beside those that are there already, gravest first. What may be part of a relabel gets
 * only the first half of the room: whoever relabels a whole tree must not push a changed program out of the list.
 */
export function placeFindings(
  there: Iterable<Finding>,
  found: readonly Finding[],
  { openFindingsMax, openBytesMax }: FindingLimits,
): Placed {
  if (found.length === 0) return { placed: [], isCut: false };
  let count = 0;
  let bytes = 0;
  for (const finding of there) {
    count++;
    bytes += findingBytes(finding);
  }
  const placed: Finding[] = [];
  for (const finding of found.toSorted((a, b) => gravestFirst(a, b) || (a.name < b.name ? -1 : 1))) {
    const share = relabelKindOf(finding) === undefined ? 1 : 0.5;
    const bytesAfter = bytes + findingBytes(finding);
    if (count >= openFindingsMax * share || bytesAfter > openBytesMax * share) continue;
    placed.push(finding);
    count++;
    bytes = bytesAfter;
  }
  return { placed, isCut: placed.length < found.length };
}
