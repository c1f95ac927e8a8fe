import type { Logger } from 'pino';
import type { Clock } from '../shared/clock.ts';
import { sentenceOf } from '../shared/errors.ts';
import type { Finding } from '../shared/finding.ts';
import { type Name, rawName } from '../shared/name.ts';
import type { Agenda } from './agenda.ts';
import { attributed, checkDirt } from './check/check-dirt.ts';
import type { Dirt, DirtySet } from './check/dirty-set.ts';
import type { Telling } from './report/reporter.ts';
import type { Check, Checker } from './scan.ts';
import type { Watcher } from './watch/watcher.ts';

export interface HintLimits {
  /** What was found being written to is looked at again after so long. */
  readonly recheckMs: number;
  /** From more changes than checks can follow to the sweep that looks at all of them: mostly more follow. */
  readonly stormMs: number;
  /** So long nothing is heard of changes before that sweep. */
  readonly pauseMsMax: number;
  /** What a check reads, in the agent's own thread, which does nothing else meanwhile; past it a sweep looks, in a child. */
  readonly checkBytesMax: number;
}

export const hintLimits: HintLimits = {
  recheckMs: 5_000,
  stormMs: 3_000,
  pauseMsMax: 15_000,
  checkBytesMax: 256 * 1_048_576,
};

export interface HintsOptions {
  readonly dirty: DirtySet;
  readonly checker: Checker;
  watcher(): Pick<Watcher, 'doubt' | 'pause' | 'resume'>;
  readonly agenda: Pick<Agenda, 'hinted' | 'checkEnded'>;
  needSweep(reason: string): void;
  tell(check: Check): Promise<Telling>;
  /** What this thread has taken of a processor. */
  cpuMs(): number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: HintLimits;
}

/** What becomes of hints: a check, or a sweep where that is the cheaper look, and who did it. */
export interface Hints {
  /** Brings to the agenda what is due. */
  note(now: number): void;
  /** When something will be, in monotonic milliseconds. */
  dueAt(): number;
  /** Looks at what is due and tells of it; where that cannot be, a sweep is asked for. */
  check(now: number, open: Iterable<Finding>): Promise<void>;
  /** From here on a sweep looks, and every change counts again. */
  sweepBegins(): void;
  /** What a sweep found, with who did it, of what it looked at in place of checks. */
  sweepFound(findings: readonly Finding[]): readonly Finding[];
}

const never = Number.POSITIVE_INFINITY;

export function createHints({
  dirty,
  checker,
  watcher,
  agenda,
  needSweep,
  tell,
  cpuMs,
  clock,
  log,
  limits,
}: HintsOptions): Hints {
  let again: { readonly names: ReadonlySet<Name>; readonly at: number } | undefined;
  /** What is due at this time is on the agenda. */
  let notedAt = Number.NEGATIVE_INFINITY;
  let resumeAt = never;
  let sweepAt = never;

  return {
    note(now) {
      notedAt = now;
      if (again !== undefined && now >= again.at) {
        for (const name of again.names) dirty.add({ name, changes: 0, isWritten: false }, now);
        again = undefined;
      }
      if (dirty.overflowed) {
        dirty.goOn();
        sweepAt = Math.min(sweepAt, now + limits.stormMs);
        watcher().pause();
        resumeAt = now + limits.pauseMsMax;
      }
      if (now >= sweepAt) {
        sweepAt = never;
        needSweep('more changes than checks can follow');
      }
      // Where the sweep has to wait, changes are followed as well as they can be.
      if (now >= resumeAt) resume();
      if (dirty.dueAt() <= now) agenda.hinted(now);
    },
    dueAt() {
      const dirtyAt = dirty.dueAt() > notedAt ? dirty.dueAt() : never;
      return Math.min(dirtyAt, resumeAt, sweepAt, again?.at ?? never);
    },
    async check(now, open) {
      const before = cpuMs();
      const { names, programs } = dirty.take(now);
      try {
        const found = names.size === 0 ? undefined : await look({ names, programs: new Map() }, open);
        // Apart, and after: what began to run may be gone, and is told of also where the names are too many for a check.
        if (programs.size > 0) await look({ names: new Map(), programs }, [...open, ...(found?.findings ?? [])]);
      } finally {
        agenda.checkEnded(cpuMs() - before, clock.monotonic());
      }
    },
    sweepBegins() {
      sweepAt = never;
      resume();
    },
    sweepFound(findings) {
      const forgotten = dirty.takeForgotten();
      watcher().doubt();
      if (forgotten.names.size === 0) return findings;
      // By their own name alone: a note of a folder, far above what a sweep found there, says nothing of it.
      return findings.map((finding) => (forgotten.names.has(finding.name) ? attributed(finding, forgotten) : finding));
    },
  };

  async function look(dirt: Dirt, open: Iterable<Finding>): Promise<Check | undefined> {
    try {
      const scan = await checkDirt(checker, dirt, open, limits.checkBytesMax);
      if (scan === undefined) return leaveToSweep(dirt, 'a check cannot answer for the changed names');
      watcher().doubt(scan.findings.filter(isProgram).map(({ name }) => rawName(name)));
      const unstable = scan.coverage.holes.filter(({ reason }) => reason === 'unstable').map(({ name }) => name);
      if (unstable.length > 0) {
        again = { names: new Set([...(again?.names ?? []), ...unstable]), at: clock.monotonic() + limits.recheckMs };
      }
      dirty.found(scan.findings.map(({ subject, name }) => (subject === 'process' ? rawName(name) : name)));
      if ((await tell(scan)) === 'too-large') dirty.forget(dirt);
      return scan;
    } catch (error) {
      // The sweep meets the same obstacle, and its report names it.
      log.warn({ reason: sentenceOf(error) }, 'a check failed');
      return leaveToSweep(dirt, 'a check failed');
    }
  }

  function leaveToSweep(dirt: Dirt, reason: string): undefined {
    dirty.forget(dirt);
    needSweep(reason);
  }

  function resume(): void {
    resumeAt = never;
    watcher().resume();
  }
}

function isProgram({ subject }: { readonly subject: string }): boolean {
  return subject === 'process';
}
