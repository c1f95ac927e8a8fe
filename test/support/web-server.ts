import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { houseDir } from './house.ts';

/** A shared machine under load may be slow; that it listens is a fact that is waited for, so this only bounds a failure. */
const startMs = 60_000;

/** `pristine-server serve` as a process of its own, in a data directory that may already hold a fleet. */
export interface ServerProcess {
  readonly url: string;
  readonly token: string;
  stop(): Promise<void>;
}

export async function startServerProcess(data: string, listen = '127.0.0.1:0'): Promise<ServerProcess> {
  const child = spawn(
    process.execPath,
    ['server/pristine-server.js', 'serve', '--data', data, '--listen', listen, '--look-every', 'never'],
    {
      cwd: houseDir,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let log = '';
  child.stderr.on('data', (text) => {
    log = (log + text).slice(-10_000);
  });
  const exited = once(child, 'exit');
  const url = await listeningUrl(join(data, 'listening'), child, () => log);
  const token = readFileSync(join(data, 'admin.token'), 'utf8').trim();
  return {
    url,
    token,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** The server writes the file when it listens, and removes it when it ends. */
async function listeningUrl(file: string, child: ChildProcess, log: () => string): Promise<string> {
  const until = Date.now() + startMs;
  while (!existsSync(file)) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${log()}`);
    if (Date.now() > until) throw new Error(`the server did not start in ${startMs} ms:\n${log()}`);
    await pause(50);
  }
  return readFileSync(file, 'utf8').trim();
}
