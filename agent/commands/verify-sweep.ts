import { systemClock, timestamp } from '../../shared/clock.ts';
import { CodedError, ExitCode } from '../../shared/errors.ts';
import type { Report } from '../../shared/report.ts';
import { type Severity, severityAtLeast } from '../../shared/severity.ts';
import type { ComponentSource } from '../check/composition.ts';
import type { PinningOptions } from '../check/pinning.ts';
import { refusalReport } from '../check/refusal.ts';
import { verify, verifyMachine } from '../check/verify.ts';
import { readPublicKeys } from '../collect/key-file.ts';
import type { ObserverPool } from '../collect/observer-pool.ts';
import { expectedRate, expectedShare, type PaceLimits, parseBytesPerSecond, parseCpuShare } from '../collect/pace.ts';
import { parsePlatform } from '../image/platform-choice.ts';
import { inBatches } from '../lines.ts';
import { stateLimits } from '../report/apply-scan.ts';
import type { FindingLimits } from '../report/place-findings.ts';
import { linesOf } from '../report/report-lines.ts';
import { openProgress } from './progress.ts';
import { reportText } from './report-text.ts';

export interface VerifyCommandOptions {
  readonly root: string;
  readonly platform?: string;
  readonly manifest: string;
  readonly pub: string;
  readonly component?: readonly string[];
  /** Where components are, unless some are named. */
  readonly components?: string;
  /** `lines`: as an agent reads it (`report-lines.ts`). */
  readonly format: 'text' | 'json' | 'lines';
  readonly failOn: Severity;
  readonly stamps?: string;
  readonly maxBytesPerSecond?: string;
  readonly maxCpu?: string;
  readonly pins?: string;
  readonly makePins?: boolean;
  readonly rules?: string;
  /** The rules are not in force: nothing is kept of what they find. */
  readonly trial?: boolean;
  /** Within what its reader can take; otherwise everything is told. */
  readonly isBounded?: boolean;
  /** Others go before it. */
  readonly lowPriority?: boolean;
  /** Nothing but what runs. */
  readonly machine?: boolean;
}

/** Standard output is the report and nothing else, also when nothing could be measured, by whatever went wrong. */
export async function verifySweep(pool: ObserverPool, options: VerifyCommandOptions): Promise<ExitCode> {
  const clock = systemClock;
  const startedAt = timestamp(clock.now());
  const progress = openProgress();
  let report: Report;
  let refused: ExitCode | undefined;
  let defect: unknown;
  try {
    const keys = readPublicKeys(options.pub);
    report = await (options.machine === true ? verifyMachine : verify)({
      ...options,
      platform: options.platform === undefined ? undefined : parsePlatform(options.platform),
      keys,
      components: componentSource(options),
      onRefused: (sentence) => progress.say(sentence),
      pool,
      clock,
      stampsFile: options.stamps,
      pace: paceOf(options),
      pins: pinningOf(options),
      rulesFile: options.rules,
      limits: options.isBounded === true ? limitsOf(options) : undefined,
      onProgress: (looked, entries) => progress.show(`looked at ${looked} of ${entries} entries`),
    });
  } catch (error) {
    if (error instanceof CodedError) refused = error.exitCode;
    else defect = error;
    const finishedAt = timestamp(clock.now());
    report = refusalReport(error, { root: options.root, manifest: options.manifest, startedAt, finishedAt });
  } finally {
    progress.clear();
  }
  await say(report, options);
  if (defect !== undefined) throw defect;
  return refused ?? exitCodeOf(report, options.failOn);
}

/** Who reads one object reads it all at once. */
const objectLimits: FindingLimits = { openFindingsMax: 20_000, openBytesMax: 16 * 1_048_576 };

function limitsOf({ format }: VerifyCommandOptions): FindingLimits {
  return format === 'lines' ? stateLimits : objectLimits;
}

async function say(report: Report, { format }: VerifyCommandOptions): Promise<void> {
  switch (format) {
    case 'text':
      process.stdout.write(reportText(report));
      return;
    case 'json':
      process.stdout.write(`${JSON.stringify(report)}\n`);
      return;
    case 'lines':
      for (const text of inBatches(linesOf(report))) {
        // Called also when nobody reads any more.
        await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
      }
      return;
    default:
      format satisfies never;
  }
}

function pinningOf({ pins: file, makePins, trial }: VerifyCommandOptions): PinningOptions | undefined {
  return file === undefined ? undefined : { file, makes: makePins === true, isTrial: trial === true };
}

function exitCodeOf({ findings, coverage }: Report, failOn: Severity): ExitCode {
  if (findings.some(({ severity }) => severityAtLeast(severity, failOn))) return ExitCode.finding;
  return coverage.holes.length > 0 ? ExitCode.unmeasured : ExitCode.ok;
}

function componentSource({ component, components }: VerifyCommandOptions): ComponentSource | undefined {
  if (component !== undefined) return { directories: component };
  return components === undefined ? undefined : { directory: components };
}

/** Errors: USAGE. */
function paceOf({ maxBytesPerSecond, maxCpu }: VerifyCommandOptions): PaceLimits | undefined {
  if (maxBytesPerSecond === undefined && maxCpu === undefined) return undefined;
  const bytesPerSecondMax = maxBytesPerSecond === undefined ? undefined : parseBytesPerSecond(maxBytesPerSecond);
  const cpuShareMax = maxCpu === undefined ? undefined : parseCpuShare(maxCpu);
  if (maxBytesPerSecond !== undefined && bytesPerSecondMax === undefined)
    throw new CodedError('USAGE', `--max-bytes-per-second: ${expectedRate}, got ${maxBytesPerSecond}`);
  if (maxCpu !== undefined && cpuShareMax === undefined)
    throw new CodedError('USAGE', `--max-cpu: ${expectedShare}, got ${maxCpu}`);
  return { bytesPerSecondMax, cpuShareMax };
}
