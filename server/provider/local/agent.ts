import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../../shared/clock.ts';
import { CodedError } from '../../../shared/errors.ts';
import type { LocalProviderSpec } from '../../../shared/policy.ts';
import type { Place } from './place.ts';
import { isStopped, pidsWithArgument } from './processes.ts';
import type { MachineRecord } from './record.ts';

export interface AgentStart {
  readonly image: { readonly manifest: string; readonly pub: string };
  readonly serverUrl: string;
  readonly joinToken: string;
  readonly spec: LocalProviderSpec;
  readonly record: MachineRecord;
  readonly privileged: boolean;
}

/** The agent's command, as on any instance. It is another program: named by its path, never imported. */
const program = fileURLToPath(new URL('../../../agent/pristine.js', import.meta.url));

/**
 * Runs the agent and, where there is an owner, ends it with the owner. The shell stands outside of the agent's pid
 * namespace, where the owner can be seen; `tail --pid` waits without a child for each look.
 */
const supervise = `
owner=$1; shift
"$@" & agent=$!
[ "$owner" = 0 ] || { tail --pid="$owner" -f /dev/null; kill -KILL "$agent"; } &
wait "$agent"
kill -- -$$
`;

/** A mount and a pid namespace of its own, as a machine has. When unshare ends, the kernel ends what it started. */
const ownNamespaces = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'] as const;

export async function startAgent(place: Place, start: AgentStart): Promise<void> {
  mkdirSync(place.agent, { recursive: true, mode: 0o700 });
  writeFileSync(join(place.agent, 'token'), start.joinToken, { mode: 0o600 });
  // JSON is YAML, and has no way to break out of a string.
  writeFileSync(place.agentConfig, JSON.stringify(agentConfig(place, start), null, 2));
  const isolate = start.privileged ? ownNamespaces : [];
  const agent = [...isolate, process.execPath, program, 'run', '--config', place.agentConfig];
  const log = openSync(join(place.agent, 'agent.log'), 'a', 0o600);
  const child = spawn('/bin/sh', ['-c', supervise, 'pristine-local', `${start.record.owner?.pid ?? 0}`, ...agent], {
    // A session of its own and no pipe to us: it survives this server.
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new CodedError('IO', 'could not start the agent', cause)));
  });
  child.unref();
}

function agentConfig(place: Place, { image, serverUrl, spec }: AgentStart): Readonly<Record<string, string>> {
  return {
    server: serverUrl,
    root: place.root,
    manifest: image.manifest,
    pub: image.pub,
    stateDir: join(place.agent, 'state'),
    joinTokenFile: join(place.agent, 'token'),
    ...(spec.agent?.sweepEvery !== undefined && { sweepEvery: spec.agent.sweepEvery }),
    ...(spec.agent?.ca !== undefined && { ca: spec.agent.ca }),
  };
}

/** Found by its command line, so that nobody has to have written down a pid in time. */
export function agentIsRunning(place: Place): boolean {
  return pidsWithArgument(place.agentConfig).length > 0;
}

const endsWithinMs = 10_000;

/** As when a machine's power goes. Errors: IO, when something does not die. */
export async function endAgent(place: Place): Promise<void> {
  const deadline = systemClock.monotonic() + endsWithinMs;
  for (let pids = pidsWithArgument(place.agentConfig); pids.length > 0; pids = pidsWithArgument(place.agentConfig)) {
    if (systemClock.monotonic() > deadline)
      throw new CodedError('IO', `processes ${pids.join(', ')} of ${place.id} do not end`);
    for (const pid of pids) kill(pid);
    await systemClock.sleep(10);
  }
}

/**
 * Stops all of it where it stands, memory included, and keeps its processes for whoever looks into them. Errors: IO, when
 * something runs on.
 */
export async function freezeAgent(place: Place): Promise<void> {
  const deadline = systemClock.monotonic() + endsWithinMs;
  const running = () => pidsWithArgument(place.agentConfig).filter((pid) => !isStopped(pid));
  for (let pids = running(); pids.length > 0; pids = running()) {
    if (systemClock.monotonic() > deadline)
      throw new CodedError('IO', `processes ${pids.join(', ')} of ${place.id} do not stop`);
    for (const pid of pids) kill(pid, 'SIGSTOP');
    await systemClock.sleep(10);
  }
}

/** Its whole process group, since the owner's watcher has no argument to be found by; and itself, where it leads none. */
function kill(pid: number, signal: 'SIGKILL' | 'SIGSTOP' = 'SIGKILL'): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal);
    } catch {
      // It leads no group, or ended by itself in between.
    }
  }
}
