import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Status } from '../../agent/status.ts';
import type { Place } from '../../server/provider/local/place.ts';
import { pidsWithArgument } from '../../server/provider/local/processes.ts';
import { entryFile } from './pristine-cli.ts';

/** An instance on which somebody has become root. */
export interface Victim {
  readonly place: Pick<Place, 'id' | 'directory' | 'root' | 'agent' | 'agentConfig'>;
  readonly imageDigest: string;
  /** The tree that it was made from. */
  readonly imageRoot: string;
  /** A folder of the attacker's own, outside of the instance. */
  readonly folder: string;
}

/** Its own process, without the shell and what it is started by. */
export function agentPid({ place }: Victim): number {
  const pid = pidsWithArgument(place.agentConfig).find((one) => /(^|\/)node$/.test(argumentsOf(one)[0] ?? ''));
  if (pid === undefined) throw new Error(`no agent runs of ${place.id}`);
  return pid;
}

function argumentsOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
}

export function signal(victim: Victim, name: NodeJS.Signals): void {
  process.kill(agentPid(victim), name);
}

export type Settings = Readonly<Record<string, string>>;

export function readConfig({ place }: Pick<Victim, 'place'>): Settings {
  return JSON.parse(readFileSync(place.agentConfig, 'utf8'));
}

export function writeConfig(file: string, settings: Settings): string {
  writeFileSync(file, JSON.stringify(settings));
  return file;
}

export function statusIn(stateDir: string): Status {
  return Status.parse(JSON.parse(readFileSync(join(stateDir, 'status.json'), 'utf8')));
}

/** It ends with this process. */
export function startAgent(
  config: string,
  { env = {}, node = [] }: { readonly env?: NodeJS.ProcessEnv; readonly node?: readonly string[] } = {},
): void {
  const agent = [process.execPath, ...node, entryFile, 'run', '--config', config];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...agent], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], ...env },
  });
  child.unref();
}

/** Where an attacker keeps what is needed. */
export function aFolderOf(place: Victim['place']): string {
  const folder = join(place.directory, 'attacker');
  mkdirSync(folder);
  return folder;
}
