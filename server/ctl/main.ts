import { CommanderError } from 'commander';
import { CodedError, ExitCode, sentenceOf } from '../../shared/errors.ts';
import { terminalSafe } from '../../shared/name.ts';
import { createProgram } from './program.ts';
import { RemoteProblem } from './remote.ts';

/** Exit codes of DESIGN §4; one sentence on standard error, with the code that scripts may look for. */
try {
  process.stdout.on('error', endQuietly);
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = tell(error);
}

function tell(error: unknown): number {
  // Commander has already said it; help and version end with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  if (error instanceof RemoteProblem) {
    say(error.problem.code, error.message);
    // A single error is the sentence already.
    const { errors = [] } = error.problem;
    if (errors.length > 1)
      for (const { pointer, detail } of errors) say(null, `  ${pointer || '(document)'}: ${detail}`);
    return error.exitCode;
  }
  if (error instanceof CodedError) {
    say(error.code, error.message);
    return error.exitCode;
  }
  say('INTERNAL', sentenceOf(error));
  return ExitCode.unmeasured;
}

function say(code: string | null, sentence: string): void {
  const lines = sentence.split('\n').map(terminalSafe).join('\n');
  process.stderr.write(code === null ? `${lines}\n` : `pristinectl: ${lines} (${terminalSafe(code)})\n`);
}

/** `pristinectl … | head` closes the pipe early: that is no failure. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(ExitCode.ok);
  throw error;
}
