import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';

const entry = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The public commands, as people call them. */
export const commands = {
  pristine: entry('agent/pristine.js'),
  'pristine-server': entry('server/pristine-server.js'),
  pristinectl: entry('server/ctl/pristinectl.js'),
} as const;

/** Runs one command to its end and gives its standard output. Errors: IO, with what it said. */
export function run(
  command: keyof typeof commands,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [commands[command], ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(out);
      else reject(new CodedError('IO', `${command} ${args.join(' ')} ended with ${code}: ${(err || out).trim()}`));
    });
  });
}

export interface ServerProcess {
  readonly url: string;
  readonly tokenFile: string;
  readonly exited: Promise<number | null>;
  /** With SIGKILL: it can finish nothing. */
  kill(): void;
}

/** Starts pristine-server, on a free port if not where it was, and waits until it has said where it listens. Errors: TIMEOUT, IO. */
export async function startServer(
  data: string,
  { listen = '127.0.0.1:0', withinMs = 20_000, clock = systemClock as Clock } = {},
): Promise<ServerProcess> {
  const log = createWriteStream(join(data, '..', 'server.log'), { flags: 'a' });
  const listening = join(data, 'listening');
  rmSync(listening, { force: true });
  const child = spawn(process.execPath, [commands['pristine-server'], 'serve', '--listen', listen, '--data', data], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr.pipe(log);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const deadline = clock.monotonic() + withinMs;
  while (!existsSync(listening) || readFileSync(listening, 'utf8').trim() === '') {
    if (child.exitCode !== null)
      throw new CodedError('IO', `pristine-server ended with ${child.exitCode}: ${readFileSync(log.path, 'utf8')}`);
    if (clock.monotonic() > deadline)
      throw new CodedError('TIMEOUT', `pristine-server did not listen within ${withinMs} ms`);
    await clock.sleep(25);
  }
  const url = readFileSync(listening, 'utf8').trim();
  return { url, tokenFile: join(data, 'admin.token'), exited, kill: () => void child.kill('SIGKILL') };
}

/** For cleaning up, where a failure shows in what is left and not in an exit code. */
export function executeQuietly(file: string, args: readonly string[]): void {
  spawnSync(file, args, { stdio: 'ignore' });
}
