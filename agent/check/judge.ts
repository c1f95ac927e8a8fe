import { compareEntry } from '../../shared/compare.ts';
import type { HoleReason } from '../../shared/coverage.ts';
import { type Entry, subjectKey } from '../../shared/entry.ts';
import type { Finding } from '../../shared/finding.ts';
import { encodeRaw, type RawName, rawName, rawOf } from '../../shared/name.ts';
import { type FindingList, openFindingList } from './finding-list.ts';
import type { HoleList } from './hole-list.ts';
import { noPins, type Pins } from './pins.ts';
import type { VerifyScope } from './verify-scope.ts';

/** Turns what was baked and what is there into findings and holes, one subject at a time. */
export interface Judge {
  /** A file that is exactly as it was baked: its line. */
  readonly same: (path: RawName, line: string) => void;
  /** A baked subject that was not found. */
  readonly missing: (expected: Entry) => void;
  /** A subject that was found, baked or not; with the reason where not all of it could be read. */
  readonly found: (expected: Entry | undefined, observed: Entry, unread?: HoleReason) => void;
  /** A path that is there, baked or not, and of which nothing could be seen. */
  readonly unseen: (path: RawName, expected: Entry | undefined, reason: HoleReason) => void;
  /** At the end: what was pinned, lies within what was looked at, and was not met, is gone. */
  readonly finish: (isWithin?: (pinned: Entry) => boolean) => readonly Finding[];
}

/** Sees what is found, as far as it could be read. */
export type Witness = (expected: Entry | undefined, observed: Entry) => void;

export interface JudgeOptions {
  readonly pins?: Pins;
  readonly witness?: Witness;
  /** Told of every baked file that passes. */
  readonly onBaked?: ((path: RawName, entry: string | Entry) => void) | undefined;
  /** Where the findings go; else all are kept. */
  readonly findings?: FindingList;
}

export function openJudge(
  scope: VerifyScope,
  holes: HoleList,
  {
    pins = noPins,
    witness = () => undefined,
    onBaked = () => undefined,
    findings = openFindingList(),
  }: JudgeOptions = {},
): Judge {
  const looked = new Set<string>();
  const gone = (known: Entry, expected: Entry | undefined) => {
    if (holes.hides(known.subject, known.name)) return;
    const path = known.subject === 'file' ? rawOf(known.name) : undefined;
    if (path !== undefined && scope.leavesOut(path)) return;
    const finding = compareEntry(expected, undefined, scope.rulebook, pins.of(known));
    if (finding === undefined) return;
    // A mount hides what lies beneath it, which may be there unchanged: not gone, but out of sight.
    const mount = path === undefined ? undefined : scope.mountAround(path);
    if (mount === undefined) findings.add(finding);
    else holes.add({ subject: 'file', name: encodeRaw(mount.path), reason: 'covered-by-mount' });
  };
  const passed = (expected: Entry | undefined) => {
    if (expected?.subject === 'file') onBaked(rawName(expected.name), expected);
  };
  const uncover = (path: RawName, isDirectory: boolean) => {
    const cover = scope.coverOf?.(path, isDirectory);
    if (cover !== undefined) holes.add({ subject: 'file', name: encodeRaw(cover), reason: 'covered-by-mount' });
  };
  const look = (subject: { readonly subject: string; readonly name: string }) => {
    if (pins.all.length > 0) looked.add(subjectKey(subject));
  };
  return {
    // Almost every path is the same, so that here every step counts.
    same:
      scope.coverOf === undefined
        ? onBaked
        : (path, line) => {
            onBaked(path, line);
            // In canonical form no other text can hold these quotes.
            uncover(path, line.includes('"type":"dir"'));
          },
    missing: (expected) => {
      passed(expected);
      look(expected);
      gone(expected, expected);
    },
    found: (expected, observed, unread) => {
      passed(expected);
      if (expected?.subject === 'file') uncover(rawName(expected.name), expected.type === 'dir');
      look(observed);
      if (isHalfRead(expected, observed, holes)) return;
      if (unread !== undefined) holes.add({ subject: observed.subject, name: observed.name, reason: unread });
      else witness(expected, observed);
      const finding = compareEntry(expected, observed, scope.rulebook, pins.of(observed));
      if (finding !== undefined) findings.add(finding);
    },
    unseen: (path, expected, reason) => {
      passed(expected);
      holes.add({ subject: 'file', name: encodeRaw(path), reason });
    },
    finish: (isWithin = () => true) => {
      for (const pinned of pins.all) if (!looked.has(subjectKey(pinned)) && isWithin(pinned)) gone(pinned, undefined);
      return findings.all();
    },
  };
}

/** Of what several files say and one of them could not be read, the difference may be no more than that: the hole tells of it. */
function isHalfRead(expected: Entry | undefined, observed: Entry, holes: HoleList): boolean {
  if (expected === undefined || !('files' in expected && 'files' in observed)) return false;
  const { subject, files } = expected;
  return files.some((file) => !observed.files.includes(file) && holes.covers(subject, file));
}
