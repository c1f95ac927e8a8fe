import { hiderOf } from '../../shared/coverage.ts';
import { CodedError } from '../../shared/errors.ts';
import { previewBytesMax, previewDifferencesMax, type RulesPreviewed } from '../../shared/protocol.ts';
import { differencesOf, kindOf, type RulesDifference } from '../../shared/rules-preview.ts';
import { severities } from '../../shared/severity.ts';
import { decideVerdict, type Verdict } from '../../shared/verdict.ts';
import type { Scan } from '../scan.ts';

/**
 * What newer rules would change, of two sweeps: one by the rules in force, one by the newer ones. Everything is counted;
 * of the differences as many are named as a message holds, the gravest first. Errors: UNSTABLE when a sweep could look at
 * nothing, which must not pass for "no difference". Pure.
 */
export function previewOf(digest: string, before: Scan, after: Scan): RulesPreviewed {
  if (isBlind(before) || isBlind(after)) throw new CodedError('UNSTABLE', 'a sweep for the preview could not measure');
  const differences = differencesOf(before.findings, after.findings);
  const counts = { flagged: 0, silent: 0, regraded: 0 };
  for (const difference of differences) counts[kindOf(difference)]++;
  return {
    type: 'rules-previewed',
    digest,
    before: verdictOf(before),
    after: verdictOf(after),
    counts,
    differences: [...bounded(differences.toSorted(gravestFirst))],
  };
}

function isBlind({ coverage }: Scan): boolean {
  return hiderOf(coverage.holes)('file', '/');
}

function verdictOf({ findings, coverage }: Scan): Verdict {
  const found = findings.map(({ severity }) => severity);
  return decideVerdict({ severities: found, holes: coverage.holes.length, scanned: true, expired: false });
}

function bounded(differences: readonly RulesDifference[]): readonly RulesDifference[] {
  let left = previewBytesMax;
  return differences.slice(0, previewDifferencesMax).filter((difference) => {
    left -= Buffer.byteLength(JSON.stringify(difference)) + 1;
    return left >= 0;
  });
}

function gravestFirst(a: RulesDifference, b: RulesDifference): number {
  return gravityOf(b) - gravityOf(a) || (a.name < b.name ? -1 : 1);
}

function gravityOf({ before, after }: RulesDifference): number {
  return Math.max(...[before, after].map((severity) => (severity === null ? -1 : severities.indexOf(severity))));
}
