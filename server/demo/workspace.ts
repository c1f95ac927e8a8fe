import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../shared/clock.ts';
import { executeQuietly } from './processes.ts';

const prefix = 'pristine-demo-';
const killGraceMs = 3_000;

/** A folder of the demo's own (mode 0700: it may hold copies of setuid programs), and the promise that it goes. */
export interface Workspace {
  readonly directory: string;
  /** Ends every process, mount and folder of the demo. */
  clean(): Promise<void>;
}

/**
 * Makes the workspace and its janitor: a process of its own session that waits for the end of a pipe from us. Closing the
 * pipe is the normal way to clean up; dying in any way closes it too, so there is one path and not two.
 */
export function openWorkspace(): Workspace {
  sweepDeadWorkspaces();
  const directory = mkdtempSync(join(tmpdir(), prefix));
  writeFileSync(join(directory, 'owner'), `${process.pid} ${startTimeOf(process.pid)}`);
  const janitor = spawn(process.execPath, [fileURLToPath(new URL('./janitor.ts', import.meta.url))], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { ...process.env, PRISTINE_DEMO_WORKSPACE: directory },
  });
  const gone = new Promise<void>((resolve) => janitor.once('exit', () => resolve()));
  return {
    directory,
    clean: async () => {
      janitor.stdin.end();
      await gone;
    },
  };
}

/** What a demo left whose janitor was killed as well. */
function sweepDeadWorkspaces(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix))) {
    const directory = join(tmpdir(), name);
    const owner = join(directory, 'owner');
    if (!existsSync(owner) || statSync(directory).uid !== process.getuid?.()) continue;
    const [pid, start] = readFileSync(owner, 'utf8').split(' ');
    if (startTimeOf(Number(pid)) !== start) emptyWorkspace(directory);
  }
}

/** Kills what runs from the folder, unmounts what is mounted in it, and removes it. Needs no memory of what was started. */
export function emptyWorkspace(directory: string): void {
  const deadline = systemClock.monotonic() + killGraceMs;
  for (let signal: NodeJS.Signals = 'SIGTERM'; ; ) {
    const pids = processesOf(directory);
    if (pids.length === 0) break;
    for (const pid of pids) kill(pid, signal);
    if (systemClock.monotonic() > deadline) signal = 'SIGKILL';
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
  for (const mount of mountsIn(directory)) executeQuietly('umount', ['--lazy', mount]);
  if (mountsIn(directory).length > 0)
    throw new Error(`could not unmount everything in ${directory}; nothing there was removed`);
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}

/** Processes that name the folder on their command line. Ours do not: the janitor gets it by environment. */
function processesOf(directory: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => readOrEmpty(`/proc/${pid}/cmdline`).includes(directory))
    .map(Number);
}

/** Deepest first. mountinfo(5) writes blanks in paths as octal; a temporary folder of ours has none. */
function mountsIn(directory: string): readonly string[] {
  return readOrEmpty('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((mount) => mount.startsWith(`${directory}/`))
    .reverse();
}

/** Field 22 of proc_pid_stat(5): with the pid it names a process, also after pids were reused. */
export function startTimeOf(pid: number): string | undefined {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself in between.
  }
}
