import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { Config } from '../../server/config.ts';
import { startServer } from '../../server/main.ts';
import { aDirectory } from './database.ts';
import { houseDir } from './house.ts';
import { cleanEnvironment } from './pristine-cli.ts';

/** The whole server, as `serve` starts it, in this process and on a free port. */
export async function aServer(overrides: Partial<Config> = {}) {
  const data = overrides.data ?? join(aDirectory(), 'data');
  const config = Config.parse({ listen: '127.0.0.1:0', data, logLevel: 'silent', lookEvery: 'never', ...overrides });
  const server = await startServer(config, pino({ level: config.logLevel }));
  return { ...server, data, token: readFileSync(join(data, 'admin.token'), 'utf8').trim() };
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const serverEntry = join(houseDir, 'server/pristine-server.js');
const ctlEntry = join(houseDir, 'server/ctl/pristinectl.js');

/** Runs an entry file to its end, without this machine's own settings for it. */
export function runEntry(
  entry: string,
  args: readonly string[],
  {
    env = {},
    input,
    timeoutMs = 15_000,
  }: { readonly env?: NodeJS.ProcessEnv; readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<Finished> {
  const own = Object.entries(cleanEnvironment).filter(
    ([name]) => !name.startsWith('PRISTINE_') && name !== 'FORCE_COLOR',
  );
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [entry, ...args],
      { env: { ...Object.fromEntries(own), ...env }, timeout: timeoutMs },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}

export function runCtl(
  server: { readonly url: string; readonly token: string },
  ...args: readonly string[]
): Promise<Finished> {
  return runEntry(ctlEntry, args, { env: { PRISTINE_SERVER: server.url, PRISTINE_TOKEN: server.token } });
}

export { ctlEntry };
