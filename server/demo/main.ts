import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { systemClock } from '../../shared/clock.ts';
import { durationMs, parseDuration } from '../../shared/duration.ts';
import { CodedError, ExitCode, sentenceOf } from '../../shared/errors.ts';
import { openAccount } from './account.ts';
import { buildConsole } from './console.ts';
import { closeLoop } from './loop.ts';
import { acts, playRefusals } from './refusals.ts';
import type { Act } from './stage.ts';
import { openWorkspace } from './workspace.ts';

interface Options {
  readonly once: boolean;
  readonly json: boolean;
  readonly drift: boolean;
  readonly image?: string;
  readonly debootstrap: boolean;
  readonly timeout: string;
  readonly out: string;
  readonly acts: string;
}

const program = new Command('npm run demo --')
  .description(
    'The closed loop on this machine: bake, run six instances, change two, watch them be replaced and proven clean. Then what is refused.',
  )
  .option('--once', 'end when the loop has closed; otherwise it stays up to look around', false)
  .option('--json', 'print one machine-readable summary on standard output', false)
  .option('--no-drift', 'change nothing; the loop then has nothing to close, times out and ends non-zero')
  .option('--image <dir>', 'use this root as the image, instead of a copy of this machine')
  .option('--debootstrap', 'use a real Debian, made now (needs root)', false)
  .option('--timeout <duration>', 'how long the loop may take to close', '3m')
  .option('--out <dir>', 'where the proofs are kept', 'dist/demo')
  .option('--acts <names>', `what is refused: all, none, or some of ${acts.map(({ name }) => name).join(',')}`, 'all')
  .addHelpText(
    'after',
    '\nExamples:\n  npm run demo\n  npm run demo -- --once --json\n  npm run demo -- --acts treadmill,bad-image\n  npm run demo -- --image /srv/images/web-7\n  npm run demo -- --no-drift --timeout 20s; echo $?',
  )
  .parse();
process.exitCode = await demo(program.opts<Options>());

async function demo(options: Options): Promise<number> {
  const account = openAccount(systemClock, options.json ? process.stderr : process.stdout);
  const stop = new AbortController();
  let signalled: NodeJS.Signals | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      signalled = signal;
      stop.abort(new Error(`stopped by ${signal}`));
    });
  }
  if (parseDuration(options.timeout) === undefined) {
    process.stderr.write(`--timeout ${options.timeout}: expected a duration such as 90s or 3m\n`);
    return ExitCode.usage;
  }
  const wanted = actsOf(options.acts);
  if (wanted === undefined) {
    process.stderr.write(
      `--acts ${options.acts}: expected all, none, or some of ${acts.map(({ name }) => name).join(', ')}\n`,
    );
    return ExitCode.usage;
  }
  const workspace = openWorkspace();
  try {
    if (!options.once && (await buildConsole())) account.say('console', 'built, for the server to show');
    const loop = await closeLoop(
      { ...options, timeoutMs: durationMs(options.timeout) },
      workspace.directory,
      account,
      systemClock,
      stop.signal,
    );
    const scene = { directory: workspace.directory, account, clock: systemClock, signal: stop.signal };
    const { server, ...refusals } = await playRefusals(loop, wanted, scene);
    if (options.json) process.stdout.write(`${JSON.stringify({ ...loop.summary, ...refusals, ok: true }, null, 2)}\n`);
    if (!options.once) await lookAround(server, workspace.directory, stop.signal);
    return ExitCode.ok;
  } catch (error) {
    if (signalled) return signalled === 'SIGINT' ? 130 : 143;
    const code = error instanceof CodedError ? error.code : 'IO';
    account.say('failed', sentenceOf(error), 'bad');
    if (options.json)
      process.stdout.write(
        `${JSON.stringify({ schema: 'pristine.demo/1', ok: false, error: { code, message: sentenceOf(error) } }, null, 2)}\n`,
      );
    return error instanceof CodedError ? error.exitCode : ExitCode.unmeasured;
  } finally {
    stop.abort(new Error('the demo has ended'));
    await workspace.clean();
  }
}

/** Undefined for a name that there is not. */
function actsOf(names: string): readonly Act[] | undefined {
  if (names === 'all') return acts;
  if (names === 'none') return [];
  const wanted = names.split(',').map((name) => acts.find((act) => act.name === name.trim()));
  return wanted.every((act) => act !== undefined) ? wanted : undefined;
}

/** Stays up until a signal, or until the server ends. */
async function lookAround(
  server: { url: string; tokenFile: string; exited: Promise<unknown> },
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  process.stderr.write(`
The fleet stays up until Ctrl-C. To look around, in another terminal:

  export PRISTINE_SERVER=${server.url} PRISTINE_TOKEN_FILE=${server.tokenFile}
  npx pristinectl instances list
  npx pristinectl drifts list
  npx pristinectl replacements list

The console: ${server.url}/#token=${readFileSync(server.tokenFile, 'utf8').trim()}

To try next: change any file below ${directory}/instances/*/root and watch.
`);
  await Promise.race([
    server.exited,
    new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
  ]);
}
