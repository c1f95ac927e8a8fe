import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { type Clock, notBefore, timestamp } from '../shared/clock.ts';
import { emptyCoverage, type Hole } from '../shared/coverage.ts';
import { sentenceOf } from '../shared/errors.ts';
import type { Finding } from '../shared/finding.ts';
import type { Report } from '../shared/report.ts';
import type { PinningOptions } from './check/pinning.ts';
import { stateLimits } from './report/apply-scan.ts';
import type { Baseline } from './report/report-builder.ts';
import { openReportReader } from './report/report-lines.ts';
import type { FullSweep } from './scan.ts';
import { heapArguments } from './sweep-heap.ts';

export interface SweepChildOptions {
  /** The file that `node` runs for `pristine`. */
  readonly entry: string;
  readonly root: string;
  readonly manifest: string;
  /** Directory of the manifests of components. */
  readonly components?: string;
  readonly pub: string;
  /** As `pristine sweep` takes them, or `none`. */
  readonly sweepBytesPerSecondMax?: string;
  readonly sweepCpuShareMax?: string;
  /** As agent.yaml has it, or `none`. */
  readonly sweepHeapMax?: string;
  /** What a sweep that begins now compares with. */
  readonly judged: () => Judged;
  readonly pinning?: () => PinningOptions | undefined;
  /** Where to leave what was seen (`quick-sweep.ts`). */
  readonly stampsFile?: string;
  /** Others go before it: nobody waits for it. */
  readonly lowPriority?: boolean;
  /** Looks at nothing but what runs. */
  readonly machineOnly?: boolean;
  /** What is open, by its fingerprint, so that it is not in memory twice. */
  readonly known?: (fingerprint: string) => Finding | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<SweepLimits>;
}

export interface Judged {
  readonly baseline: Baseline;
  /** Newer rules than those of the manifest. */
  readonly rulesFile?: string | undefined;
  /** The rules are not in force: the child keeps nothing of what they find. */
  readonly isTrial?: boolean;
}

export interface SweepLimits {
  /** A report above it is not read: the child is ended, and a hole over everything says that the sweep failed. */
  readonly sweepReportBytesMax: number;
  /** A child that takes longer is ended, with the same hole: a filesystem that never answers must not hold the agent for ever. */
  readonly sweepMsMax: number;
}

export const sweepLimits: SweepLimits = {
  /** Findings, and what is beside them. */
  sweepReportBytesMax: stateLimits.openBytesMax + 16 * 1_048_576,
  sweepMsMax: 2 * 3_600_000,
};
/** One that is told to go slowly may take a day. */
const slowSweepMsMax = 24 * 3_600_000;
const errorBytesMax = 4_096;

/**
 * Sweeps by `pristine sweep` in a child, so that the memory of a sweep is gone after it. Whatever goes wrong with the
 * child is a hole over everything in a scan of this time, never an old verdict left standing.
 */
export function createSweepChild(options: SweepChildOptions): (signal: AbortSignal) => Promise<FullSweep> {
  return async (signal) => {
    const { clock, log } = options;
    const startedAt = timestamp(clock.now());
    const judged = options.judged();
    try {
      return scanOf(await runSweep(options, judged, signal), judged, options);
    } catch (error) {
      if (signal.aborted) throw error;
      log.error({ reason: sentenceOf(error).slice(0, 1_000) }, 'a sweep failed');
      // Of the manifest, since a hole of files hides no fact: what was found before stands, whatever it is about.
      const reason = error instanceof OutOfMemory ? 'out-of-memory' : 'io-error';
      return unmeasured(startedAt, clock, { subject: 'manifest', name: options.manifest, reason });
    }
  };
}

function scanOf(report: Report, { baseline }: Judged, options: SweepChildOptions): FullSweep {
  const { root, manifest, clock, log } = options;
  const { startedAt, findings, identities } = report;
  // One of its threads ran out, and it lived to tell.
  if (saysOutOfMemory.test(report.error?.message ?? '')) throw new OutOfMemory(options);
  const whole: Hole = { subject: 'manifest', name: manifest, reason: 'not-a-manifest' };
  if (report.image !== null && (report.image.digest !== baseline.image || report.rules !== baseline.rules)) {
    // Both were valid when the agent started. What is compared with now is not what the server was told.
    log.error(
      { image: report.image.digest, rules: report.rules },
      'the manifest was replaced: restart the agent to use it',
    );
    return unmeasured(startedAt, clock, whole);
  }
  if (report.error !== undefined)
    log.error({ code: report.error.code, reason: report.error.message }, 'a sweep could not measure');
  const isSilent = report.coverage.holes.length === 0 && (report.image === null || report.error !== undefined);
  const holes = isSilent ? [whole] : report.coverage.holes;
  return {
    kind: 'sweep',
    startedAt,
    finishedAt: notBefore(startedAt, report.finishedAt),
    findings,
    identities,
    coverage: { ...report.coverage, holes: isBlind(root, report) ? [...holes, noProcesses] : holes },
  };
}

class OutOfMemory extends Error {
  constructor({ sweepHeapMax = 'none' }: SweepChildOptions) {
    super(`the child needed more memory than it has (sweepHeapMax: ${sweepHeapMax})`);
  }
}

/** What V8 says at its end, or Node of one of its threads. */
const saysOutOfMemory = /heap out of memory/;

const noProcesses: Hole = { subject: 'process', name: '/proc', reason: 'unreadable' };

/** An agent of a whole machine sees what runs there. If it does not, somebody took /proc away from it. */
function isBlind(root: string, { coverage, error }: Report): boolean {
  return resolve(root) === '/' && error === undefined && !coverage.live;
}

function unmeasured(startedAt: string, clock: Clock, hole: Hole): FullSweep {
  const finishedAt = notBefore(startedAt, timestamp(clock.now()));
  return { kind: 'sweep', startedAt, finishedAt, findings: [], coverage: { ...emptyCoverage, holes: [hole] } };
}

function pinningArguments(pinning: PinningOptions | undefined): readonly string[] {
  return pinning === undefined ? [] : ['--pins', pinning.file, ...(pinning.makes ? ['--make-pins'] : [])];
}

function paceArguments({
  sweepBytesPerSecondMax: bytes = 'none',
  sweepCpuShareMax: cpu = 'none',
}: SweepChildOptions): readonly string[] {
  return [
    ...(bytes === 'none' ? [] : ['--max-bytes-per-second', bytes]),
    ...(cpu === 'none' ? [] : ['--max-cpu', cpu]),
  ];
}

function rulesArguments({ rulesFile, isTrial }: Judged): readonly string[] {
  return [...(rulesFile === undefined ? [] : ['--rules', rulesFile]), ...(isTrial === true ? ['--trial'] : [])];
}

function argumentsOf(options: SweepChildOptions, judged: Judged): readonly string[] {
  const { entry, root, manifest, components, pub, sweepHeapMax, pinning, stampsFile, lowPriority, machineOnly } =
    options;
  return [
    ...[
      ...heapArguments(sweepHeapMax),
      entry,
      'sweep',
      '--lines',
      '--root',
      root,
      '--manifest',
      manifest,
      '--pub',
      pub,
    ],
    ...(stampsFile === undefined ? [] : ['--stamps', stampsFile]),
    ...(lowPriority === true ? ['--low-priority'] : []),
    ...(machineOnly === true ? ['--machine'] : []),
    ...(components === undefined ? [] : ['--components', components]),
    ...paceArguments(options),
    ...pinningArguments(pinning?.()),
    ...rulesArguments(judged),
  ];
}

/** What the child says. Rejects when it ended otherwise than by 0, 1 or 3, and when the signal aborts. */
function runSweep(options: SweepChildOptions, judged: Judged, signal: AbortSignal): Promise<Report> {
  const { clock } = options;
  const slow = paceArguments(options).length > 0 ? { sweepMsMax: slowSweepMsMax } : {};
  const limits = { ...sweepLimits, ...slow, ...options.limits };
  return new Promise((resolve, reject) => {
    // No environment: nothing that was put into ours (NODE_OPTIONS) may change how a sweep looks.
    const child = spawn(process.execPath, argumentsOf(options, judged), {
      env: {},
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    });
    const reader = openReportReader({ bytesMax: limits.sweepReportBytesMax, known: options.known });
    let complaint = '';
    let reason: string | undefined;
    const giveUp = (why: string) => {
      reason = why;
      child.kill('SIGKILL');
    };
    const done = new AbortController();
    clock.sleep(limits.sweepMsMax, done.signal).then(
      () => giveUp(`took longer than ${limits.sweepMsMax} ms`),
      () => undefined,
    );
    child.stdout.on('data', (chunk: Buffer) => {
      if (reason !== undefined) return;
      try {
        reader.take(chunk);
      } catch (error) {
        giveUp(sentenceOf(error));
      }
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-errorBytesMax);
    });
    child.once('error', (error) => {
      done.abort();
      reject(error);
    });
    child.once('close', (code, killedBy) => {
      done.abort();
      if (reason === undefined && (code === 0 || code === 1 || code === 3)) resolve(attempt(reader.finish));
      else if (reason === undefined && saysOutOfMemory.test(complaint)) reject(new OutOfMemory(options));
      else reject(new Error(`the child ${reason ?? `ended with ${code ?? killedBy}: ${complaint.trim()}`}`));
    });
  });
}

async function attempt<T>(work: () => T): Promise<T> {
  return work();
}
