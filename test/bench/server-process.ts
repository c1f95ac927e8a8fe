import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { serverEntry } from '../support/server-process.ts';
import { until } from '../support/until.ts';

/** `pristine-server serve` as a process of its own, with room for so many sockets. */
export interface ServerProcess {
  readonly pid: number;
  /** Where agents connect. */
  readonly url: string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export async function startServerProcess(
  data: string,
  { port = 0, sockets = 1_024, options = [] as readonly string[] } = {},
): Promise<ServerProcess> {
  rmSync(join(data, 'listening'), { force: true });
  const serve = [process.execPath, serverEntry, 'serve', '--listen', `127.0.0.1:${port}`, '--data', data];
  // The soft limit is mostly 1,024; a process may raise it to the hard one.
  const raise = `ulimit -n ${sockets + 256} || exit 9; exec "$@"`;
  const child = spawn('sh', ['-c', raise, 'sh', ...serve, ...options, '--log-level', 'error'], {
    env: {},
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const listening = () => readListening(data);
  await until(() => {
    if (child.exitCode === 9) throw new Error(`expected a limit of ${sockets + 256} open files: raise ulimit -Hn`);
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    return listening() !== undefined;
  });
  return {
    pid: child.pid as number,
    url: `${listening()!.replace(/^http/, 'ws')}/agent/v1`,
    stop: (signal = 'SIGTERM') => end(child, signal),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

function readListening(data: string): string | undefined {
  try {
    return readFileSync(join(data, 'listening'), 'utf8').trim();
  } catch {
    return undefined;
  }
}
