import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { rssOf } from './program.ts';

export interface AgentOptions {
  readonly entry: string;
  readonly root: string;
  readonly manifest: string;
  readonly pub: string;
  readonly work: string;
}

/** How long an agent took for its first sweep, and for some after it, as it says itself: from its wish to the report. In milliseconds. */
export async function sweepTimesOf(options: AgentOptions, later: number): Promise<{ first: number; later: number[] }> {
  const agent = startAgent(options, { sweepEvery: '1s' });
  try {
    const first = await agent.nextSweep('sweep');
    const rest: number[] = [];
    while (rest.length < later) rest.push(await agent.nextSweep('quick-sweep'));
    return { first, later: rest };
  } finally {
    agent.end();
  }
}

/**
 * Resident memory, in KiB, of an agent `idleMs` after its first sweep has ended, with another every half of that. Its server
 * cannot be reached, so it also holds its reports and tries to connect, as it would in an outage.
 */
export async function idleRssOf(options: AgentOptions & { readonly idleMs: number }): Promise<number> {
  const agent = startAgent(options, { sweepEvery: `${Math.round(options.idleMs / 2_000)}s` });
  try {
    await agent.nextSweep('sweep');
    await sleep(options.idleMs);
    return rssOf(agent.pid);
  } finally {
    agent.end();
  }
}

/** `more` are settings of agent.yaml. Its server cannot be reached. */
export function startAgent(
  { entry, root, manifest, pub, work }: AgentOptions,
  more: Readonly<Record<string, string>>,
): AgentProcess {
  const folder = mkdtempSync(join(work, 'agent-'));
  const [stateDir, joinTokenFile, config] = ['state', 'token', 'agent.yaml'].map((name) => join(folder, name));
  writeFileSync(joinTokenFile!, 'never-used\n', { mode: 0o600 });
  // JSON is YAML.
  const settings = { server: 'ws://127.0.0.1:9', root, manifest, pub, stateDir, joinTokenFile, ...more };
  writeFileSync(config!, JSON.stringify(settings));
  const agent = spawn(process.execPath, [entry, 'run', '--config', config!], {
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines = createInterface({ input: agent.stderr })[Symbol.asyncIterator]();
  const nextSaid = async (wanted: string): Promise<Said> => {
    for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
      const said = JSON.parse(next.value) as Said;
      if (said.msg === wanted) return said;
    }
    throw new Error(`the agent ended before it said "${wanted}"`);
  };
  return {
    pid: agent.pid as number,
    stateDir: stateDir!,
    nextSaid,
    nextSweep: async (kind) => {
      const said = await nextSaid('swept');
      if (said.kind !== kind) throw new Error(`the agent was to make a ${kind}, and made a ${said.kind}: ${said.why}`);
      return said.ms;
    },
    end: () => agent.kill('SIGKILL'),
  };
}

export interface AgentProcess {
  readonly pid: number;
  readonly stateDir: string;
  /** The next line of its log with this message. */
  readonly nextSaid: (message: string) => Promise<Said>;
  /** How long it took, in milliseconds. */
  readonly nextSweep: (kind: 'sweep' | 'quick-sweep') => Promise<number>;
  readonly end: () => void;
}

interface Said {
  readonly msg: string;
  readonly time: string;
  readonly kind: string;
  readonly ms: number;
  readonly why: string | null;
}
