import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rssOf } from './program.ts';

const sweepMsMax = 120_000;

/**
 * Resident memory, in KiB, of an agent `idleMs` after its first sweep has ended. Its server cannot be reached, so it
 * also holds its report and tries to connect, as it would in an outage.
 */
export async function idleRssOf(options: {
  readonly entry: string;
  readonly root: string;
  readonly manifest: string;
  readonly pub: string;
  readonly work: string;
  readonly idleMs: number;
}): Promise<number> {
  const { entry, root, manifest, pub, work, idleMs } = options;
  const stateDir = join(work, 'state');
  const tokenFile = join(work, 'token');
  const config = join(work, 'agent.yaml');
  writeFileSync(tokenFile, 'never-used\n', { mode: 0o600 });
  const settings = { server: 'ws://127.0.0.1:9', root, manifest, pub, stateDir, joinTokenFile: tokenFile };
  // JSON is YAML.
  writeFileSync(config, JSON.stringify(settings));
  const agent = spawn(process.execPath, [entry, 'run', '--config', config], {
    env: {},
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<never>((_, reject) => {
    agent.once('error', reject);
    agent.once('exit', (code, signal) => reject(new Error(`the agent ended with ${code ?? signal}`)));
  });
  try {
    await Promise.race([ended, firstSweep(join(stateDir, 'status.json'))]);
    await Promise.race([ended, sleep(idleMs)]);
    return rssOf(agent.pid as number);
  } finally {
    ended.catch(() => {});
    agent.kill('SIGKILL');
  }
}

async function firstSweep(statusFile: string): Promise<void> {
  const deadline = performance.now() + sweepMsMax;
  while (performance.now() < deadline) {
    const lastSweep = readStatus(statusFile)?.lastSweep;
    if (typeof lastSweep?.finishedAt === 'string') return;
    await sleep(200);
  }
  throw new Error(`the agent's status shows no sweep after ${sweepMsMax} ms`);
}

function readStatus(file: string): { readonly lastSweep?: { readonly finishedAt?: unknown } | null } | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // It is not there yet.
    return undefined;
  }
}
