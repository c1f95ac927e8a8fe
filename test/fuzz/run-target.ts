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

const callMsMax = 1_000;

/** Runs until `isDone`. Throws Broken at the first defect. */
export function runTarget(target: Target, random: Random, isDone: (executions: number) => boolean): FuzzResult {
  let executions = 0;
  let slowestMs = 0;
  for (; !isDone(executions); executions++) {
    // The examples themselves first: they must be understood, or nothing behind them is ever reached.
    const isExample = executions < target.examples.length;
    const input = isExample ? target.examples[executions]! : mutate(random, target.examples);
    const started = performance.now();
    try {
      const answer = target.run(input);
      if (isExample && answer === undefined) throw new Error('an example is not understood');
    } catch (error) {
      if (isExample || !(error instanceof CodedError)) throw new Broken(target.name, `${error}`, input, error);
    }
    const ms = performance.now() - started;
    slowestMs = Math.max(slowestMs, ms);
    if (ms > callMsMax) throw new Broken(target.name, `${Math.round(ms)} ms for one input`, input);
  }
  return { executions, slowestMs };
}
