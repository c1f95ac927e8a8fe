import { spawn } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top folder of the checkout. */
export const houseDir = resolve(dirname(fileURLToPath(import.meta.url)), '..');

export interface CommandOptions {
  /** `show` passes output through; `keep` holds it back, so that a step that went well is one line; `both` does both. */
  readonly output: 'show' | 'keep' | 'both';
  readonly timeoutMs: number;
  readonly env?: NodeJS.ProcessEnv;
}

export interface CommandResult {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs a command without a shell and without standard input; one that outstays its time is killed and has failed. */
export function runCommand(command: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const [file, ...args] = command as [string, ...string[]];
  const kept: Buffer[] = [];
  const stdio = options.output === 'show' ? 'inherit' : 'pipe';
  const child = spawn(file, args, {
    cwd: houseDir,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', stdio, stdio],
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      kept.push(chunk);
      if (options.output === 'both') process.stdout.write(chunk);
    });
  }
  return new Promise((done) => {
    child.on('error', (error) => done({ ok: false, output: error.message }));
    child.on('close', (code, signal) => {
      const late = signal === 'SIGKILL' ? `\nkilled after ${Math.round(options.timeoutMs / 1000)} s` : '';
      done({ ok: code === 0, output: Buffer.concat(kept).toString() + late });
    });
  });
}
