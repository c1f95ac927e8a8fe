import { type FileEntry, modeBits } from './entry.ts';
import type { FactEntry, FactSubject } from './fact.ts';
import type { Name } from './name.ts';
import { isGivenAtStart, isOwnFile } from './own-files.ts';
import type { GuardName } from './rules.ts';
import type { Severity } from './severity.ts';

/** A built-in rule that no ordinary rule can silence. `fires` gets what was baked and what is there now, each if anything, and they differ. */
interface FileGuard {
  readonly name: GuardName;
  readonly severity: Severity;
  readonly fires: (expected: FileEntry | undefined, observed: FileEntry | undefined) => boolean;
  /** Where it looks; everywhere without it. */
  readonly looksAt?: (name: Name) => boolean;
}

export const fileGuards: readonly FileGuard[] = [
  {
    // A set-id program that is new, or that anybody has touched, is how a visitor becomes root and stays it.
    name: 'setuid',
    severity: 'critical',
    fires: (expected, observed) =>
      observed?.type === 'file' &&
      (modeBits(observed) & 0o6000) !== 0 &&
      (expected?.type !== 'file' || differs(expected, observed, ['mode', 'uid', 'gid', 'content'])),
  },
  {
    // The same by another door: the program need not be root's to have root's power.
    name: 'capabilities',
    severity: 'critical',
    fires: (expected, observed) =>
      observed?.capabilities !== undefined &&
      (expected?.type !== 'file' || differs(expected, observed, ['capabilities', 'mode', 'uid', 'gid', 'content'])),
  },
  {
    // Whoever changes how the agent is started, what it is or whom it trusts, decides what is told of the machine.
    name: 'agent',
    severity: 'critical',
    looksAt: isOwnFile,
    fires: (expected, observed) => {
      const name = (expected ?? observed)?.name;
      return name !== undefined && isOwnFile(name) && !(expected === undefined && isGivenAtStart(name));
    },
  },
  {
    // A device node gives whoever may open it the disk or the memory beneath all file permissions.
    name: 'device',
    severity: 'high',
    fires: (expected, observed) =>
      observed !== undefined &&
      isDevice(observed) &&
      !isUsual(observed) &&
      (expected === undefined || differs(expected, observed, ['type', 'rdev', 'mode', 'uid', 'gid'])),
  },
];

/** Where every container has them, and what they are there (admin-guide/devices.txt): they give nobody anything. */
const usualDevices: ReadonlyMap<string, string> = new Map([
  ['/dev/null', '1:3'],
  ['/dev/zero', '1:5'],
  ['/dev/full', '1:7'],
  ['/dev/random', '1:8'],
  ['/dev/urandom', '1:9'],
  ['/dev/tty', '5:0'],
]);

/** Runtimes hide files of /proc and /sys from a container under null. */
function isUsual({ name, type, rdev }: FileEntry): boolean {
  const usual = usualDevices.get(/^\/(?:proc|sys)\//.test(name) ? '/dev/null' : name);
  return type === 'char' && usual !== undefined && rdev === usual;
}

/** The same for what files say. Any difference fires; at least one side is given. */
interface FactGuard {
  readonly name: GuardName;
  readonly subjects: readonly FactSubject[];
  readonly severityOf: (expected: FactEntry | undefined, observed: FactEntry | undefined) => Severity;
}

export const factGuards: readonly FactGuard[] = [
  { name: 'users', subjects: ['user', 'group'], severityOf: (_, observed) => (isRoot(observed) ? 'critical' : 'high') },
  { name: 'authorized-keys', subjects: ['authorized-key'], severityOf: addedIs('critical') },
  { name: 'sudoers', subjects: ['sudoers'], severityOf: addedIs('critical') },
  { name: 'preload', subjects: ['preload', 'library-path'], severityOf: addedIs('critical') },
  { name: 'pam', subjects: ['pam'], severityOf: () => 'high' },
  { name: 'cron', subjects: ['cron'], severityOf: () => 'high' },
  { name: 'units', subjects: ['unit'], severityOf: () => 'high' },
];

/** What is taken away opens no door. */
function addedIs(severity: Severity): FactGuard['severityOf'] {
  return (_, observed) => (observed === undefined ? 'high' : severity);
}

/** An account with the powers of root, or one that may be entered without a word. */
function isRoot(observed: FactEntry | undefined): boolean {
  return observed?.subject === 'user' && (observed.uid === 0 || observed.password === 'none');
}

export function isDevice(entry: FileEntry): boolean {
  return entry.type === 'char' || entry.type === 'block';
}

export function isExecutable(entry: FileEntry): boolean {
  return entry.type === 'file' && (modeBits(entry) & 0o111) !== 0;
}

/** A content that could not be read differs from nothing: it is a hole, which is told apart from a change. */
function differs(expected: FileEntry, observed: FileEntry, attributes: readonly (keyof FileEntry)[]): boolean {
  return attributes.some(
    (attribute) =>
      expected[attribute] !== observed[attribute] && !(attribute === 'content' && observed.content === undefined),
  );
}
