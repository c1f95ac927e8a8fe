import type { Form } from './fact.ts';
import type { GuardName } from './rules.ts';
import type { Severity } from './severity.ts';

/**
 * What runs on a machine: subjects with their attributes, as in `factForms`. Nothing of it is ever baked, so that no line of
 * a manifest is about one of these: it is judged against the files of the manifest and the rules, and only where the root
 * is the machine's own. An attribute must be equal wherever the same thing runs and whenever it is looked at, because the
 * fingerprint covers it: no process id, no user, no address.
 */
export const liveForms = {
  /** A variable by which somebody meant to change what our own processes do. Name: that of the variable, `LD_PRELOAD`. */
  environment: {},
  /** What the kernel was started from. Name: `kernel`. Expected are the releases that were baked. */
  'kernel-running': { releases: 'list' },
  /** A socket that rules do not declare. Name: `tcp/22`. `reach`: local or network. `programs`: those that hold it; none where it is the kernel's. */
  'listening-socket': { programs: 'list', reach: 'text' },
  /** A library in one of our own processes. Name: its path. */
  'loaded-library': { state: 'text' },
  /** A module in the kernel. Name: as /proc/modules has it. `taints`: the letters there, `OE`. */
  'loaded-module': { taints: 'text?' },
  /** A program of which a process runs. Name: its path, or `memfd:` and the name of the memory file. */
  process: { state: 'text' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Form>>>>;

export type LiveSubject = keyof typeof liveForms;
export const liveSubjects = Object.keys(liveForms) as readonly LiveSubject[];

export function isLiveSubject(subject: string): subject is LiveSubject {
  return Object.hasOwn(liveForms, subject);
}

/**
 * How a program runs that is not the image's, from the mildest on. `not-baked`: its file is there, and is no program of
 * the manifest. `changed`: it is one, and not as it was baked. `replaced`: another file is in its place now. `hidden`: its file is out of sight, in a mount of its own or
 * under one. `deleted`: its file is gone. `memfd`: there never was one.
 */
export const programStates = ['not-baked', 'changed', 'replaced', 'hidden', 'deleted', 'memfd'] as const;
export type ProgramState = (typeof programStates)[number];

/** Nobody can look at some of these any more: that is how a program hides. */
export const programSeverities: Readonly<Record<ProgramState, Severity>> = {
  'not-baked': 'high',
  changed: 'high',
  replaced: 'high',
  hidden: 'critical',
  deleted: 'critical',
  memfd: 'critical',
};

/** How a library is in our processes that is not the image's. */
export const libraryStates = ['not-baked', 'deleted'] as const satisfies readonly ProgramState[];
export type LibraryState = (typeof libraryStates)[number];

/** The guards over what runs: a rule silences one by naming it: at the program or the library, at /sys/module/NAME, at
 * /proc/sys/kernel/osrelease, at /proc/self/environ. */
export const liveGuards: Readonly<Record<LiveSubject, GuardName>> = {
  environment: 'preload',
  'kernel-running': 'kernel',
  'listening-socket': 'listening',
  'loaded-library': 'preload',
  'loaded-module': 'modules',
  process: 'process',
};

/** Where rules speak about a program or a library that runs. Takes and gives raw bytes. */
export function pathOfProgram(name: string): string {
  return name.startsWith('/') ? name : `/${name}`;
}
