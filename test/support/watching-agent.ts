import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentConfig } from '../../agent/config.ts';
import type { Status } from '../../agent/status.ts';
import type { Finding } from '../../shared/finding.ts';
import type { ReportMessage } from '../../shared/protocol.ts';
import { isRestored } from '../../shared/restored.ts';
import { startGatewayDouble } from './gateway-double.ts';
import { entryFile, type Keys, verify } from './pristine-cli.ts';
import type { Scratch } from './scratch.ts';
import { until } from './until.ts';

/** `pristine run` as a process of its own, and what it has told a server. */
export interface WatchingAgent {
  readonly status: () => Status;
  /** What its log says, line by line. */
  readonly log: () => readonly Readonly<Record<string, unknown>>[];
  /** The findings that it holds for open, by what it reported. */
  readonly open: () => readonly Finding[];
  /** Until a sweep has been reported that began after now. */
  readonly swept: () => Promise<void>;
  /** Until it has told of these, sweeps or not. */
  readonly told: (...names: readonly string[]) => Promise<void>;
  readonly signal: (name: NodeJS.Signals) => void;
  /** The most memory it ever had, in MiB. */
  readonly peakMiB: () => number;
  /** How it ended, where it did so by itself. */
  readonly ended: () => string | undefined;
  readonly stop: () => Promise<void>;
}

export interface WatchingAgentOptions {
  readonly place: Scratch;
  readonly keys: Keys;
  readonly root: string;
  readonly manifest: string;
  readonly watch: AgentConfig['watch'];
  readonly sweepEvery: string;
  /** A command that ends in `exec "$@"`. */
  readonly before?: readonly string[];
}

/** Resolves once it has swept for the first time and watches. */
export async function startWatchingAgent(options: WatchingAgentOptions): Promise<WatchingAgent> {
  const { place, keys, root, manifest, watch, sweepEvery, before = [] } = options;
  const gateway = await startGatewayDouble();
  const directory = mkdtempSync(join(place.dir, 'agent-'));
  const [config, stateDir, logFile] = ['agent.yaml', 'state', 'log'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  const settings = { server: gateway.url, root, manifest, pub: keys.pub, stateDir, watch, sweepEvery };
  writeFileSync(config, JSON.stringify(settings));
  const [command, ...rest] = [...before, process.execPath, entryFile, 'run', '--config', config];
  const child = spawn(command!, rest, { stdio: ['ignore', 'ignore', openSync(logFile, 'a')] });
  let ended: string | undefined;
  child.once('exit', (code, signal) => {
    ended = `${code ?? signal}`;
  });
  const status = () => JSON.parse(readFileSync(join(stateDir, 'status.json'), 'utf8')) as Status;
  const log = () =>
    readFileSync(logFile, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const alive = async (fact: () => boolean) => {
    await until(() => ended !== undefined || fact());
    if (ended !== undefined) throw new Error(`the agent ended: ${ended}\n${readFileSync(logFile, 'utf8')}`);
  };
  const sweeps = () => log().filter(({ msg }) => msg === 'swept');
  await alive(
    () => existsSync(join(stateDir, 'status.json')) && status().lastSweep !== null && status().watcher.kind !== 'none',
  );
  return {
    status,
    log,
    open: () => openIn(gateway.stored),
    swept: async () => {
      const after = new Date().toISOString();
      await alive(() => sweeps().some(({ startedAt }) => (startedAt as string) > after));
      await alive(() => status().spool.reports === 0);
    },
    told: (...names) =>
      alive(() => {
        const open = new Set(openIn(gateway.stored).map(({ name }) => name));
        return names.every((name) => open.has(name));
      }),
    signal: (name) => process.kill(status().pid, name),
    peakMiB: () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${status().pid}/status`, 'utf8'))![1]) / 1_024,
    ended: () => ended,
    stop: async () => {
      if (ended === undefined) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await gateway.stop();
    },
  };
}

/** A line each, sorted: what an agent holds for open, and what a look at everything finds now. */
export function heldBy(agent: WatchingAgent): readonly string[] {
  return linesOf(agent.open());
}

export async function truthOf({
  root,
  manifest,
  keys,
  before = [],
}: Pick<WatchingAgentOptions, 'root' | 'manifest' | 'keys' | 'before'>): Promise<readonly string[]> {
  return linesOf((await verify({ root, manifest, pub: keys.pub, before })).report.findings);
}

function linesOf(findings: readonly Finding[]): readonly string[] {
  return findings
    .filter((finding) => !isRestored(finding))
    .map(({ change, subject, name, fingerprint }) => `${change} ${subject} ${name} ${fingerprint.slice(0, 12)}`)
    .sort();
}

function openIn(reports: readonly ReportMessage[]): readonly Finding[] {
  let open = new Map<string, Finding>();
  for (const { full, part, opened, cleared } of reports) {
    if (full && part === 1) open = new Map();
    for (const fingerprint of cleared) open.delete(fingerprint);
    for (const finding of opened) open.set(finding.fingerprint, finding);
  }
  return [...open.values()];
}
