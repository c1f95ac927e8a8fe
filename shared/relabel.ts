import { z } from 'zod';
import { canonicalJson } from './canonical-json.ts';
import { sha256Hex } from './digest.ts';
import type { FileEntry } from './entry.ts';
import { type Finding, Fingerprint } from './finding.ts';
import { fileGuards } from './guard.ts';
import { highestSeverity, Severity } from './severity.ts';

/**
 * One thing that was done to a whole tree, `chown -R` or a label that every file lost on its way: the same attributes
 * differ, and nothing else does, on so many files that nobody reads them one by one.
 */
export const Relabel = z
  .strictObject({
    fingerprint: Fingerprint.describe('of the relabel, the same wherever the same attributes differ'),
    attributes: z.array(z.string()).readonly(),
    files: z.int().positive().describe('findings beneath it'),
    severity: Severity.describe('the highest of them'),
  })
  .readonly()
  .meta({ id: 'Relabel' });
export type Relabel = z.infer<typeof Relabel>;

/** On more files than this it is a relabel. */
export const filesWithoutRelabelMax = 1_000;

/** What a tool changes on many files at once, without a look at what they are. What a file is or holds is never one of these. */
const labels = ['acl', 'capabilities', 'flags', 'gid', 'mode', 'selinux', 'uid', 'xattrs'];

/**
 * The kind of relabel that a finding may be part of, its attributes joined by commas; undefined for any other finding.
 * What a guard watches is never part of one, even where a rule silences the guard: it is looked at one by one.
 */
export function relabelKindOf(finding: Finding): string | undefined {
  const { subject, change, attributes, rule } = finding;
  if (subject !== 'file' || change !== 'modified' || attributes.length === 0) return undefined;
  if (!attributes.every((attribute) => labels.includes(attribute))) return undefined;
  return rule.startsWith('guard ') || isGuarded(finding) ? undefined : attributes.toSorted().join(',');
}

/** A rule that is as severe as a guard is named in its place, so the name alone does not tell. */
function isGuarded({ subject, name, expected, actual }: Finding): boolean {
  const before = { ...expected, subject, name } as unknown as FileEntry;
  const after = { ...actual, subject, name } as unknown as FileEntry;
  return fileGuards.some((guard) => guard.fires(before, after));
}

/** sha256 (hex) of RFC 8785 `{v:1, bulk}`, the attributes joined by commas: no file, no image, no instance. */
export function relabelFingerprint(kind: string): string {
  return sha256Hex(canonicalJson({ v: 1, bulk: kind }));
}

export interface FoldedFindings {
  /** The one of most files first. */
  readonly relabels: readonly Relabel[];
  /** Beneath each of them, by its fingerprint, in the order given. */
  readonly members: ReadonlyMap<string, readonly Finding[]>;
  /** What is part of none, in the order given. */
  readonly rest: readonly Finding[];
}

/** Each finding is beneath one relabel or in the rest. Pure. */
export function foldRelabels(findings: readonly Finding[], max: number = filesWithoutRelabelMax): FoldedFindings {
  const byKind = new Map<string, Finding[]>();
  for (const finding of findings) {
    const kind = relabelKindOf(finding);
    const members = kind === undefined ? undefined : byKind.get(kind);
    if (members !== undefined) members.push(finding);
    else if (kind !== undefined) byKind.set(kind, [finding]);
  }
  const bulk = [...byKind].filter(([, members]) => members.length > max).sort(([, a], [, b]) => b.length - a.length);
  const folded = new Set(bulk.flatMap(([, members]) => members));
  return {
    relabels: bulk.map(([kind, members]) => ({
      fingerprint: relabelFingerprint(kind),
      attributes: kind.split(','),
      files: members.length,
      severity: members.reduce<Severity>((highest, { severity }) => highestSeverity(highest, severity), 'info'),
    })),
    members: new Map(bulk.map(([kind, members]) => [relabelFingerprint(kind), members])),
    rest: folded.size === 0 ? findings : findings.filter((finding) => !folded.has(finding)),
  };
}
