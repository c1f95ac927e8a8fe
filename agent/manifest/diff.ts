import type { KeyObject } from 'node:crypto';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { compareEntry } from '../../shared/compare.ts';
import type { Entry } from '../../shared/entry.ts';
import { compareEntries } from '../../shared/entry-line.ts';
import type { Difference } from '../../shared/finding.ts';
import type { Image } from '../../shared/image.ts';
import type { ManifestStatement } from '../../shared/manifest.ts';
import { noRules } from '../../shared/rulebook.ts';
import { hasLabels } from '../../shared/scheme.ts';
import { checkStoredDigest } from '../check/digest.ts';
import { openCursor } from '../check/entry-cursor.ts';
import { readEntryLines } from '../check/entry-lines.ts';
import { type Manifest, openManifest } from '../check/open-manifest.ts';
import { diffRules, type RulesDiff } from './rules-diff.ts';

/** What changed from one image to another: the object that `pristine manifest diff --json` prints. */
export interface ManifestDiff {
  readonly schema: 'pristine.manifest-diff/1';
  readonly from: DiffSide;
  readonly to: DiffSide;
  /** Whether entries, rules and platform are the same, whatever the images are called and whichever tool baked them. */
  readonly equal: boolean;
  /** Only one of them has SELinux labels: these are not compared then. */
  readonly labelsInOne: boolean;
  readonly rules: RulesDiff;
  /** Of every kind by itself, in the order of names. */
  readonly packages: readonly Difference[];
  readonly facts: readonly Difference[];
  readonly files: readonly Difference[];
  /** Of all, listed or not. */
  readonly summary: { readonly added: number; readonly removed: number; readonly modified: number };
  /** There are more differences than are listed. */
  readonly truncated: boolean;
}

export interface DiffSide {
  readonly image: Image;
  readonly platform: ManifestStatement['predicate']['platform'];
  readonly tool: ManifestStatement['predicate']['tool'];
  readonly profile: string;
  readonly rules: number;
  readonly entries: number;
}

/** So many differences are listed; those past it are counted. Two images of different distributions share almost nothing. */
export const listedMax = 100_000;

/**
 * Merges two manifests, so that memory grows with the differences that are listed and with neither manifest. Nothing is
 * known before both digests are. Errors: those of `openManifest`, and DIGEST, ENTRIES.
 */
export async function diffManifests(from: string, to: string, keys: readonly KeyObject[]): Promise<ManifestDiff> {
  const a = openManifest(from, keys);
  try {
    const b = openManifest(to, keys);
    try {
      return await diffOpened(a, b);
    } finally {
      b.close();
    }
  } finally {
    a.close();
  }
}

async function diffOpened(a: Manifest, b: Manifest): Promise<ManifestDiff> {
  await checkStoredDigest(a);
  await checkStoredDigest(b);
  const labelsInOne = hasLabels(a.statement.predicate.scheme) !== hasLabels(b.statement.predicate.scheme);
  const summary = { added: 0, removed: 0, modified: 0 };
  const listed: Difference[] = [];
  let truncated = false;
  for await (const [before, after] of mergedEntries(a, b)) {
    const difference = differenceOf(labelsInOne ? plain(before) : before, labelsInOne ? plain(after) : after);
    if (difference === undefined) continue;
    summary[difference.change]++;
    if (listed.length < listedMax) listed.push(difference);
    else truncated = true;
  }
  const rules = diffRules(a.rules, b.rules);
  const platform = ({ statement }: Manifest) => canonicalJson({ ...statement.predicate.platform });
  const areRulesEqual = rules.added.length + rules.removed.length === 0 && !rules.reordered && !rules.otherwise;
  return {
    schema: 'pristine.manifest-diff/1',
    from: sideOf(a),
    to: sideOf(b),
    equal: listed.length === 0 && areRulesEqual && platform(a) === platform(b) && !labelsInOne,
    labelsInOne,
    rules,
    packages: listed.filter(({ subject }) => subject === 'package'),
    facts: listed.filter(({ subject }) => subject !== 'package' && subject !== 'file'),
    files: listed.filter(({ subject }) => subject === 'file'),
    summary,
    truncated,
  };
}

function sideOf({ image, statement, rules }: Manifest): DiffSide {
  const { platform, tool, entries } = statement.predicate;
  return { image, platform, tool, profile: rules.profile, rules: rules.sequence, entries: entries.lines };
}

type Pair = readonly [before: Entry | undefined, after: Entry | undefined];

/** Each subject that is not the same line in both. Equal lines are not even parsed. */
async function* mergedEntries(a: Manifest, b: Manifest): AsyncGenerator<Pair> {
  const [before, after] = [openCursor(readEntryLines(a)), openCursor(readEntryLines(b))];
  for (;;) {
    const [hasBefore, hasAfter] = [await before.load(), await after.load()];
    if (!hasBefore && !hasAfter) return;
    if (hasBefore && hasAfter && before.line === after.line) {
      before.advance();
      after.advance();
      continue;
    }
    const order = !hasBefore ? 1 : !hasAfter ? -1 : compareEntries(before.entry(), after.entry());
    const pair: Pair = [order <= 0 ? before.entry() : undefined, order >= 0 ? after.entry() : undefined];
    if (order <= 0) before.advance();
    if (order >= 0) after.advance();
    yield pair;
  }
}

/** Between images everything counts. */
function differenceOf(before: Entry | undefined, after: Entry | undefined): Difference | undefined {
  const found = compareEntry(before, after, noRules);
  if (found === undefined) return undefined;
  const { subject, name, change, attributes, expected, actual } = found;
  return { subject, name, change, attributes, expected, actual };
}

function plain(entry: Entry | undefined): Entry | undefined {
  if (entry?.subject !== 'file') return entry;
  const { selinux: _selinux, ...rest } = entry;
  return rest;
}
