import type { Hole, Skip } from '../../shared/coverage.ts';
import type { Entry } from '../../shared/entry.ts';
import { parseEntryLine } from '../../shared/entry-line.ts';
import type { Finding } from '../../shared/finding.ts';
import { judgeKernel, judgeLibrary, judgeModule, judgeVariable, type LiveVerdict } from '../../shared/judge-live.ts';
import type { Listener } from '../../shared/listening.ts';
import { compareNames, type RawName, rawName } from '../../shared/name.ts';
import type { Rulebook } from '../../shared/rulebook.ts';
import type { Machine } from '../collect/live/machine.ts';
import { openBakedKernels } from './baked-kernels.ts';
import { judgeListeners } from './judge-listeners.ts';
import { fileOf, openProgramLook } from './program-look.ts';

/** What runs on the machine, against the files of the manifest. */
export interface LiveLook {
  /** Told of each baked file while the entries pass, as its line or its entry. Keeps what runs, and nothing of the tree. */
  readonly baked: (path: RawName, entry: string | Entry) => void;
  /** Once all of them have passed; `changed` are the paths of files that are not as they were baked. */
  readonly judge: (
    rulebook: Rulebook,
    changed: ReadonlySet<RawName>,
  ) => {
    readonly checked: number;
    readonly findings: readonly Finding[];
    readonly skipped: readonly Skip[];
    readonly holes: readonly Hole[];
  };
  readonly holes: readonly Hole[];
}

/** Without `listening`, nobody said what may listen, and nobody asks. */
export function openLiveLook(machine: Machine, listening?: readonly Listener[]): LiveLook {
  const { processes, libraries, environment, kernel, holes } = machine;
  const { programs, contained } = processes;
  const run = openProgramLook(processes);
  const bakedLibraries = new Set<RawName>();
  const kernels = openBakedKernels(kernel?.release ?? '');
  return {
    holes,
    baked: (path, entry) => {
      kernels.see(path);
      run.baked(path, entry);
      if (libraries.has(path) && isFile(entry)) bakedLibraries.add(path);
    },
    judge: (rulebook, changed) => {
      const verdicts: LiveVerdict[] = [...run.judge(rulebook, changed)];
      for (const [name, { isDeleted }] of libraries) {
        // One that is a program has been told of.
        if (programs.has(name) || (!isDeleted && bakedLibraries.has(name))) continue;
        verdicts.push(judgeLibrary(name, isDeleted ? 'deleted' : 'not-baked', rulebook));
      }
      for (const name of environment) verdicts.push(judgeVariable(rawName(name), rulebook));
      const releases = kernels.releases();
      const runsBaked = kernel !== undefined && releases.includes(kernel.release);
      // An image without a kernel runs on that of another: a container, or a machine that is booted from outside.
      if (kernel !== undefined && releases.length > 0 && !runsBaked) {
        verdicts.push(judgeKernel(kernel.release, releases, rulebook));
      }
      // Of another kernel no module was baked, and one finding says so.
      const modules = runsBaked ? kernel.modules : [];
      for (const { name, taints } of modules) {
        if (!kernels.hasModule(name)) verdicts.push(judgeModule(name, taints, rulebook));
      }
      const sockets = listening && judgeListeners(machine, listening, rulebook);
      verdicts.push(...(sockets?.verdicts ?? []));
      const leftOut = verdicts.filter((verdict) => verdict === 'left-out').length;
      return {
        checked:
          programs.size + libraries.size + (releases.length > 0 ? 1 : 0) + modules.length + (sockets?.checked ?? 0),
        // The kernel lists sockets and processes as it likes.
        findings: verdicts.filter((verdict) => typeof verdict === 'object').sort(bySubject),
        skipped: [
          ...skip('process', contained, 'processes of containers'),
          ...skip('process', leftOut, 'programs where rules look at nothing'),
          ...(sockets?.skipped ?? [{ name: 'listening-socket', rule: 'the rules declare none: `listening`' }]),
        ],
        holes: sockets?.holes ?? [],
      };
    },
  };
}

function isFile(entry: string | Entry): boolean {
  return fileOf(typeof entry === 'string' ? parseEntryLine(entry) : entry)?.type === 'file';
}

function bySubject(a: Finding, b: Finding): number {
  return compareNames(a.subject, b.subject) || compareNames(a.name, b.name);
}

function skip(name: string, count: number, what: string): Skip[] {
  return count === 0 ? [] : [{ name, rule: `${what}: ${count}` }];
}
