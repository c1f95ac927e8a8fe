import { type Difference, type Finding, fingerprintOf } from './finding.ts';
import { isDeclared, type Listener } from './listening.ts';
import {
  isLiveSubject,
  type LibraryState,
  type LiveSubject,
  libraryStates,
  liveGuards,
  type ProgramState,
  pathOfProgram,
  programSeverities,
  programStates,
} from './live.ts';
import { encodeRaw, type RawName, rawName, rawOf } from './name.ts';
import { isLeftOut, type Rulebook } from './rulebook.ts';
import type { Severity } from './severity.ts';

/** A difference of what runs, judged; `left-out` where rules say not to look. Undefined where one silences its guard. Pure. */
export type LiveVerdict = Finding | 'left-out' | undefined;

/** A program that runs in a way that is not the image's. */
export function judgeProgram(name: RawName, state: ProgramState, rulebook: Rulebook): LiveVerdict {
  if (isLeftOut(rulebook.rulingOf(pathOfProgram(name)))) return 'left-out';
  const difference = added('process', name, { state });
  return judged(difference, [pathOfProgram(name)], programSeverities[state], rulebook);
}

/** A library that got into our own processes: whatever they say may be its word. */
export function judgeLibrary(name: RawName, state: LibraryState, rulebook: Rulebook): LiveVerdict {
  return judged(added('loaded-library', name, { state }), [pathOfProgram(name)], 'critical', rulebook);
}

/** A variable that was set for our own processes. */
export function judgeVariable(name: RawName, rulebook: Rulebook): LiveVerdict {
  return judged(added('environment', name, {}), ['/proc/self/environ'], 'critical', rulebook);
}

/** A module of the kernel that is no file of the manifest. */
export function judgeModule(name: RawName, taints: string | undefined, rulebook: Rulebook): LiveVerdict {
  const difference = added('loaded-module', name, taints === undefined ? {} : { taints });
  return judged(difference, [`/sys/module/${name}`], 'high', rulebook);
}

/** A socket that the rules do not declare, by those who hold it. */
export function judgeSocket(
  name: string,
  { programs, reach }: { readonly programs: readonly RawName[]; readonly reach: 'local' | 'network' },
  rulebook: Rulebook,
): LiveVerdict {
  const difference = added('listening-socket', name, { programs: programs.map(encodeRaw), reach });
  return judged(difference, programs.map(pathOfProgram), 'high', rulebook);
}

/** A running kernel that is none of those that were baked. */
export function judgeKernel(running: RawName, baked: readonly RawName[], rulebook: Rulebook): LiveVerdict {
  const difference: Difference = {
    subject: 'kernel-running',
    name: 'kernel',
    change: 'modified',
    attributes: ['releases'],
    expected: { releases: baked.map(encodeRaw) },
    actual: { releases: [encodeRaw(running)] },
  };
  return judged(difference, ['/proc/sys/kernel/osrelease'], 'high', rulebook);
}

/**
 * A difference of what runs that somebody has found, judged by rules: undefined also where they declare the socket, or
 * declare none and so judge none. `unknown` for what no version of us finds. Pure.
 */
export function judgeLiveAgain(
  { subject, name, expected, actual }: Difference,
  { rulebook, listening }: { readonly rulebook: Rulebook; readonly listening?: readonly Listener[] | undefined },
): LiveVerdict | 'unknown' {
  const raw = rawOf(name);
  if (raw === undefined || !isLiveSubject(subject)) return 'unknown';
  switch (subject) {
    case 'process': {
      const state = programStates.find((one) => one === actual['state']);
      return state === undefined ? 'unknown' : judgeProgram(raw, state, rulebook);
    }
    case 'environment':
      return judgeVariable(raw, rulebook);
    case 'loaded-library': {
      const state = libraryStates.find((one) => one === actual['state']);
      return state === undefined ? 'unknown' : judgeLibrary(raw, state, rulebook);
    }
    case 'loaded-module':
      return judgeModule(raw, textIn(actual['taints']), rulebook);
    case 'kernel-running': {
      const [running] = rawsIn(actual['releases']);
      return running === undefined ? 'unknown' : judgeKernel(running, rawsIn(expected['releases']), rulebook);
    }
    case 'listening-socket': {
      const programs = rawsIn(actual['programs']);
      const isKnown = listening?.some((one) => isDeclared(one, name) && isHolder(one, programs)) ?? true;
      const reach = actual['reach'] === 'network' ? 'network' : 'local';
      return isKnown ? undefined : judgeSocket(raw, { programs, reach }, rulebook);
    }
    default:
      return subject satisfies never;
  }
}

function isHolder({ program }: Listener, programs: readonly RawName[]): boolean {
  return program === undefined || program.some((one) => programs.includes(rawName(one)));
}

function textIn(value: Difference['actual'][string] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function rawsIn(value: Difference['actual'][string] | undefined): readonly RawName[] {
  return Array.isArray(value) ? value.map((one: string) => rawName(one)) : [];
}

function added(subject: LiveSubject, name: RawName, actual: Difference['actual']): Difference {
  return { subject, name: encodeRaw(name), change: 'added', attributes: Object.keys(actual), expected: {}, actual };
}

/** Only a guard speaks of what runs, so that a rule which names it silences all: at each of these paths. */
function judged(
  difference: Difference,
  paths: readonly RawName[],
  severity: Severity,
  rulebook: Rulebook,
): LiveVerdict {
  const guard = liveGuards[difference.subject as LiveSubject];
  const isSilenced = paths.length > 0 && paths.every((path) => rulebook.rulingOf(path).overridden.includes(guard));
  if (isSilenced) return undefined;
  return { fingerprint: fingerprintOf(difference), ...difference, severity, rule: `guard ${guard}` };
}
