import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { changesUs } from '../../agent/own-environment.ts';

export interface Program {
  readonly name: string;
  readonly command: readonly string[];
}

const timeoutMs = 900_000;
/** What of this machine's would change what an agent does, it begins anew without, which is none of what is measured. */
const cleanEnvironment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !changesUs(name)));

/** Runs a program to its end. Milliseconds of the whole process. Any exit but 0 ends the bench: it measured nothing. */
export async function timeOf(program: Program): Promise<number> {
  const started = performance.now();
  await finish(program);
  return performance.now() - started;
}

/**
 * The most memory a Node program had resident, threads included, in KiB: VmHWM of proc_pid_status(5) at its exit. Not
 * getrusage(2), whose figure a child inherits from whoever started it. The program tells it through a module loaded
 * before it, so these runs are not timed.
 */
export async function peakRssOf(program: Program): Promise<number> {
  const [node, ...args] = program.command as [string, ...string[]];
  // Not by NODE_OPTIONS: an agent begins anew without it.
  const telling = [node, `--require=${join(import.meta.dirname, 'tell-peak.cjs')}`, ...args];
  const stderr = await finish({ ...program, command: telling });
  // Each of its threads may tell; all tell of the whole process.
  const peaks = [...stderr.matchAll(/\npeak (\d+)\n/g)].map((match) => Number(match[1]));
  if (peaks.length === 0) throw new Error(`${program.name} did not tell its peak memory`);
  return Math.max(...peaks);
}

/** Resident memory of a running process, in KiB. */
export function rssOf(pid: number): number {
  return memoryOf(pid, 'VmRSS');
}

/** The same without what it maps of files, which the system may take back or share. */
export function anonymousOf(pid: number): number {
  return memoryOf(pid, 'RssAnon');
}

function memoryOf(pid: number, what: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = new RegExp(`^${what}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has ended`);
  return Number(kib);
}

/** Processor time that a running process has used, in milliseconds: utime and stime of proc_pid_stat(5), 100 a second. */
export function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function finish({ name, command }: Program): Promise<string> {
  const [file, ...args] = command as [string, ...string[]];
  const child = spawn(file, args, {
    env: cleanEnvironment,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stderr);
      else reject(new Error(`${name} ended with ${code ?? signal}: ${stderr.slice(-2_000)}`));
    });
  });
}
