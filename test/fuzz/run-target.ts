import { CodedError } from '../../shared/errors.ts';
import type { Random } from '../support/random.ts';
import { mutate } from './mutate.ts';
import type { Target } from './targets.ts';

export interface FuzzResult {
  readonly executions: number;
  readonly slowestMs: number;
}

/** One input that a parser did not survive. */
export class Broken extends Error {
  readonly input: Buffer;
  constructor(target: string, why: string, input: Buffer, cause?: unknown) {
    super(`${target}: ${why}`, { cause });
    this.input = input;
  }
}

/** Of processors, so that a busy machine makes no parser slow. */
const callMsMax = 1_000;
/** How much the largest memory that the process ever had may grow by one input, which has 64 KiB at most. */
const callMiBMax = 256;

/** Runs until `isDone`. Rejects with Broken at the first defect. */
export async function runTarget(
  target: Target,
  random: Random,
  isDone: (executions: number) => boolean,
): Promise<FuzzResult> {
  let executions = 0;
  let slowestMs = 0;
  for (; !isDone(executions); executions++) {
    // The examples themselves first: they must be understood, or nothing behind them is ever reached.
    const isExample = executions < target.examples.length;
    const input = isExample ? target.examples[executions]! : mutate(random, target.examples);
    slowestMs = Math.max(slowestMs, await runInput(target, input, { mustUnderstand: isExample }));
  }
  return { executions, slowestMs };
}

/** How many milliseconds of processors one input takes. Rejects with Broken. */
export async function runInput(
  target: Target,
  input: Buffer,
  { mustUnderstand }: { readonly mustUnderstand: boolean },
): Promise<number> {
  const peakBefore = peakMiB();
  const before = process.cpuUsage();
  try {
    const answer = target.run(input);
    const said = answer instanceof Promise ? await answer : answer;
    if (mustUnderstand && said === undefined) throw new Error('an example is not understood');
  } catch (error) {
    if (mustUnderstand || !(error instanceof CodedError)) throw new Broken(target.name, `${error}`, input, error);
  }
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1_000;
  const mib = peakMiB() - peakBefore;
  if (ms > callMsMax) throw new Broken(target.name, `${Math.round(ms)} ms for one input`, input);
  if (mib > callMiBMax) throw new Broken(target.name, `${Math.round(mib)} MiB for one input`, input);
  return ms;
}

function peakMiB(): number {
  return process.resourceUsage().maxRSS / 1_024;
}
