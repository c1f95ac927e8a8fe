import { systemClock } from '../../shared/clock.ts';
import { ExitCode } from '../../shared/errors.ts';
import { imageRef } from '../../shared/image.ts';
import { terminalSafe } from '../../shared/name.ts';
import { readPublicKeys } from '../collect/key-file.ts';
import type { ObserverPool } from '../collect/observer-pool.ts';
import { fragmentOf, leftText } from '../learn/fragment.ts';
import { type Learnt, learn } from '../learn/learn.ts';
import type { Left } from '../learn/proposal.ts';
import { writeNew } from '../write-new.ts';
import { openProgress } from './progress.ts';
import { counted } from './report-text.ts';

export interface LearnCommandOptions {
  readonly manifest: string;
  readonly pub: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** Standard output is the fragment, or with --out what was learnt; with --json one object. Errors: FILE_EXISTS, IO, and those of `learn`. */
export async function learnRules(
  pool: ObserverPool,
  roots: readonly string[],
  options: LearnCommandOptions,
): Promise<ExitCode> {
  const progress = openProgress();
  const learnt = await learn({
    roots,
    manifest: options.manifest,
    keys: readPublicKeys(options.pub),
    pool,
    clock: systemClock,
    onProgress: (root, looked, entries) => progress.show(`looked at ${looked} of ${entries} entries of ${root}`),
  }).finally(progress.clear);
  const fragment = fragmentOf(learnt);
  if (options.out !== undefined) writeNew(options.out, fragment);
  if (options.json) process.stdout.write(`${JSON.stringify({ schema: 'pristine.learn/1', ...learnt })}\n`);
  else process.stdout.write(options.out === undefined ? fragment : textOf(learnt, options.out));
  if (learnt.holes.length > 0) {
    if (!options.json) process.stderr.write(holesText(learnt.holes));
    return ExitCode.unmeasured;
  }
  return learnt.forAPerson.length + learnt.leftOver.length > 0 ? ExitCode.finding : ExitCode.ok;
}

function textOf({ image, roots, rules, forAPerson, leftOver }: Learnt, out: string): string {
  const list = (title: string, left: readonly Left[]) =>
    left.length === 0 ? [] : [title, ...left.map((one) => `  ${terminalSafe(leftText(one))}`)];
  return [
    `${counted(rules.length, 'rule')} proposed from ${roots.length} instances of ${imageRef(image)}, for you to read: ${terminalSafe(out)}`,
    ...list('for a person to look at:', forAPerson),
    ...list('not on every instance:', leftOver),
    '',
  ].join('\n');
}

function holesText(holes: Learnt['holes']): string {
  return holes
    .map(({ root, name, reason }) => `could not look at ${terminalSafe(name)} of ${terminalSafe(root)}: ${reason}\n`)
    .join('');
}
