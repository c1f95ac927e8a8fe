import { spawn } from 'node:child_process';
import type { Clock } from '../../../shared/clock.ts';
import { CodedError } from '../../../shared/errors.ts';

const outputBytesMax = 32 * 1_024 * 1_024;
const errorBytesMax = 2_048;
/** After its end, for what is still in its pipes. */
const restMsMax = 1_000;

export interface Program {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly output: string;
  /** The beginning of what it wrote to standard error. */
  readonly said: string;
}

/**
 * Runs a program without a shell, in a process group of its own and a clean environment, with `input` on its standard input.
 * When it ends, or its time is over, all of its group ends. Errors: CONFIG where it cannot be started, TIMEOUT, PROTOCOL when
 * it says too much or what is no UTF-8.
 */
export async function runProgram(clock: Clock, { argv, env, timeoutMs }: Program, input: string): Promise<Ended> {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, {
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('exit', resolve);
    child.once('error', (cause) => reject(new CodedError('CONFIG', `could not run ${file}: ${cause.message}`, cause)));
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const tooMuch = Promise.withResolvers<never>();
  const output: Buffer[] = [];
  const said: Buffer[] = [];
  let [outputBytes, saidBytes] = [0, 0];
  child.stdout.on('data', (chunk: Buffer) => {
    outputBytes += chunk.length;
    if (outputBytes <= outputBytesMax) output.push(chunk);
    else tooMuch.reject(new CodedError('PROTOCOL', `${file} wrote more than ${outputBytesMax} bytes`));
  });
  child.stderr.on('data', (chunk: Buffer) => {
    if (saidBytes < errorBytesMax) said.push(chunk.subarray(0, errorBytesMax - saidBytes));
    saidBytes += chunk.length;
  });
  // One that does not read what it is asked says so by its answer.
  child.stdin.on('error', () => {});
  child.stdin.end(input);

  const settled = new AbortController();
  const late = clock.sleep(timeoutMs, settled.signal).then(
    () => {
      const words = decode(said);
      throw new CodedError('TIMEOUT', `${file} did not end within ${timeoutMs / 1_000} s${words && `: ${words}`}`);
    },
    () => new Promise<never>(() => {}),
  );
  tooMuch.promise.catch(() => {});
  try {
    const code = await Promise.race([exited, late, tooMuch.promise]);
    killGroup(child.pid);
    // What left its group and holds the pipes is not waited for.
    await Promise.race([closed, clock.sleep(restMsMax, settled.signal).catch(() => {})]);
    return {
      code,
      output: new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(output)),
      said: decode(said),
    };
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError('PROTOCOL', `expected UTF-8 of ${file}`, cause);
  } finally {
    settled.abort();
    killGroup(child.pid);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  }
}

/** For people, on one line. */
function decode(said: readonly Buffer[]): string {
  return Buffer.concat(said).toString('utf8').replace(/\s+/g, ' ').trim();
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}
