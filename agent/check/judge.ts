import { compareEntry } from '../../shared/compare.ts';
import type { HoleReason } from '../../shared/coverage.ts';
import type { Entry } from '../../shared/entry.ts';
import type { Finding } from '../../shared/finding.ts';
import { encodeRaw, rawOf } from '../../shared/name.ts';
import type { HoleList } from './hole-list.ts';
import type { VerifyScope } from './verify-scope.ts';

/** Turns what was baked and what is there into findings and holes, one subject at a time. */
export interface Judge {
  /** A baked subject that was not found. */
  readonly missing: (expected: Entry) => void;
  /** A subject that was found, baked or not; with the reason where not all of it could be read. */
  readonly found: (expected: Entry | undefined, observed: Entry, unread?: HoleReason) => void;
  /** A path that is there, and of which nothing could be seen. */
  readonly unseen: (name: string, reason: HoleReason) => void;
  readonly findings: () => readonly Finding[];
}

export function openJudge(scope: VerifyScope, holes: HoleList): Judge {
  const findings: Finding[] = [];
  return {
    missing: (expected) => {
      if (holes.hides(expected.subject, expected.name)) return;
      const path = expected.subject === 'file' ? rawOf(expected.name) : undefined;
      if (path !== undefined && scope.leavesOut(path)) return;
      const finding = compareEntry(expected, undefined, scope.rulebook);
      if (finding === undefined) return;
      // A mount hides what lies beneath it, which may be there unchanged: not gone, but out of sight.
      const mount = path === undefined ? undefined : scope.mountAround(path);
      if (mount === undefined) findings.push(finding);
      else holes.add({ subject: 'file', name: encodeRaw(mount.path), reason: 'covered-by-mount' });
    },
    found: (expected, observed, unread) => {
      if (unread !== undefined) holes.add({ subject: observed.subject, name: observed.name, reason: unread });
      const finding = compareEntry(expected, observed, scope.rulebook);
      if (finding !== undefined) findings.push(finding);
    },
    unseen: (name, reason) => holes.add({ subject: 'file', name, reason }),
    findings: () => findings,
  };
}
