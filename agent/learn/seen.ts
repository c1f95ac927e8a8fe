import type { Finding } from '../../shared/finding.ts';
import { compareNames } from '../../shared/name.ts';
import { severityAtLeast } from '../../shared/severity.ts';
import type { Instance } from './proposal.ts';
import { generalPattern, literalPattern } from './tokens.ts';

/** One difference as it was seen on the instances. */
export interface Seen {
  readonly subject: string;
  /** Of the first that was found. */
  readonly name: string;
  /** Of files: matches all of them. */
  readonly pattern: string;
  readonly findings: readonly Finding[];
  /** On how many instances. */
  readonly instances: number;
  /** On which of them, from 0. */
  readonly places: readonly number[];
}

interface Found {
  readonly finding: Finding;
  readonly place: number;
  readonly pattern: string;
}

/**
 * What every instance has by the same name stands by its name. Of the rest, new files that differ in an id alone are one.
 * Remarks are no drift and need no rule. In the order of names.
 */
export function groupSeen(instances: readonly Instance[]): readonly Seen[] {
  const all = instances.flatMap(({ findings, words }, place) =>
    findings
      .filter(({ severity }) => severityAtLeast(severity, 'low'))
      .map((finding): Found & { readonly general: string } => ({
        finding,
        place,
        pattern: literalPattern(finding.name),
        general: isNewFile(finding) ? generalPattern(finding.name, words) : literalPattern(finding.name),
      })),
  );
  const exact = [...Map.groupBy(all, ({ finding }) => keyOf(finding, finding.name)).values()];
  const everywhere = exact.filter((group) => placesOf(group).length === instances.length);
  const elsewhere = exact.filter((group) => placesOf(group).length < instances.length).flat();
  const general = [...Map.groupBy(elsewhere, ({ finding, general }) => keyOf(finding, general)).values()];
  const alike = general.filter((group) => placesOf(group).length === instances.length);
  const apart = Map.groupBy(
    general.filter((group) => placesOf(group).length < instances.length).flat(),
    ({ finding }) => keyOf(finding, finding.name),
  );
  return [
    ...everywhere.map(seenOf),
    ...alike.map((group) => seenOf(group.map((one) => ({ ...one, pattern: one.general })))),
    ...[...apart.values()].map(seenOf),
  ].sort((a, b) => (a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : compareNames(a.name, b.name)));
}

function isNewFile({ subject, change }: Finding): boolean {
  return subject === 'file' && change === 'added';
}

function keyOf({ subject }: Finding, name: string): string {
  return `${subject} ${name}`;
}

function placesOf(group: readonly Found[]): readonly number[] {
  return [...new Set(group.map(({ place }) => place))];
}

function seenOf(group: readonly Found[]): Seen {
  const [first] = group;
  const places = placesOf(group);
  return {
    subject: first!.finding.subject,
    name: first!.finding.name,
    pattern: first!.pattern,
    findings: group.map(({ finding }) => finding),
    instances: places.length,
    places,
  };
}
