import type { FileEntry } from './entry.ts';
import type { GuardName } from './rules.ts';
import type { Severity } from './severity.ts';

/** A built-in rule that no ordinary rule can silence. `fires` gets what was baked, if anything, and what is there now. */
export interface Guard {
  readonly name: GuardName;
  readonly severity: Severity;
  readonly fires: (expected: FileEntry | undefined, observed: FileEntry) => boolean;
}

export const guardTable: readonly Guard[] = [
  {
    // A set-id program that is new, or that anybody has touched, is how a visitor becomes root and stays it.
    name: 'setuid',
    severity: 'critical',
    fires: (expected, observed) =>
      observed.type === 'file' &&
      (modeBits(observed) & 0o6000) !== 0 &&
      (expected?.type !== 'file' || differs(expected, observed, ['mode', 'uid', 'gid', 'content'])),
  },
  {
    // A device node gives whoever may open it the disk or the memory beneath all file permissions.
    name: 'device',
    severity: 'high',
    fires: (expected, observed) =>
      isDevice(observed) &&
      (expected === undefined || differs(expected, observed, ['type', 'rdev', 'mode', 'uid', 'gid'])),
  },
];

export function isDevice(entry: FileEntry): boolean {
  return entry.type === 'char' || entry.type === 'block';
}

export function isExecutable(entry: FileEntry): boolean {
  return entry.type === 'file' && (modeBits(entry) & 0o111) !== 0;
}

function modeBits(entry: FileEntry): number {
  return Number.parseInt(entry.mode ?? '0', 8);
}

/** A content that could not be read differs from nothing: it is a hole, which is told apart from a change. */
function differs(expected: FileEntry, observed: FileEntry, attributes: readonly (keyof FileEntry)[]): boolean {
  return attributes.some(
    (attribute) =>
      expected[attribute] !== observed[attribute] && !(attribute === 'content' && observed.content === undefined),
  );
}
