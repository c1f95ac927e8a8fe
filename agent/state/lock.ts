import { readFileSync, readlinkSync } from 'node:fs';
import { link, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../shared/errors.ts';
import { isErrno, temporaryIn, writeTemporary } from './durable-file.ts';

export interface Lock {
  release(): Promise<void>;
}

/**
 * One agent to a state directory. The lock names its holder by pid, start time and the kernel's boot, so that a pid used
 * again, also after a reboot, does not keep it. Errors: CONFLICT, IO.
 */
export async function takeLock(stateDir: string): Promise<Lock> {
  const path = join(stateDir, 'lock');
  const mine = JSON.stringify(holderOf(ownPid()));
  const temporary = await writeTemporary(stateDir, mine, { mode: 0o600, sync: false });
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      try {
        await link(temporary, path);
        return { release: () => releaseLock(path, mine) };
      } catch (error) {
        // Missing: the holder has tidied it away among its own half-written files.
        if (!isErrno(error, 'EEXIST') && !isErrno(error, 'ENOENT')) throw error;
      }
      await removeIfDead(stateDir, path);
    }
    throw new CodedError('CONFLICT', `${path} is fought over by other agents`);
  } finally {
    await rm(temporary, { force: true });
  }
}

const attemptsMax = 10;

async function removeIfDead(stateDir: string, path: string): Promise<void> {
  const held = await readLock(path);
  if (held === undefined) return;
  const holder = parseHolder(held);
  if (holder !== undefined && isAlive(holder)) {
    throw new CodedError(
      'CONFLICT',
      `${path}: an agent with pid ${holder.pid} uses this state directory. Stop it, or give this one a stateDir of its own`,
    );
  }
  // Another start may have replaced the dead lock in between: what was taken away is looked at once more.
  const aside = temporaryIn(stateDir);
  try {
    await rename(path, aside);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  if ((await readLock(aside)) !== held) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function releaseLock(path: string, mine: string): Promise<void> {
  if ((await readLock(path)) === mine) await rm(path, { force: true });
}

async function readLock(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

interface Holder {
  readonly pid: number;
  /** Clock ticks since the kernel's boot, proc_pid_stat(5) field 22; null without /proc. */
  readonly start: string | null;
  readonly kernelBoot: string | null;
}

function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Holder;
    return Number.isSafeInteger(holder.pid) && holder.pid > 0 ? holder : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  if (holder.pid === ownPid() && holder.start === null) return false;
  const now = holderOf(holder.pid);
  if (now.kernelBoot !== null)
    return now.kernelBoot === holder.kernelBoot && now.start !== null && now.start === holder.start;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
}

function holderOf(pid: number): Holder {
  return { pid, start: startOf(pid), kernelBoot: readOrNull('/proc/sys/kernel/random/boot_id')?.trim() ?? null };
}

/** As the /proc that we see counts it: in a pid namespace of our own it may be another's, and our pid there somebody else. */
function ownPid(): number {
  try {
    return Number(readlinkSync('/proc/self'));
  } catch {
    return process.pid;
  }
}

/** Null for a process that is not there, or is only waiting to be reaped. */
function startOf(pid: number): string | null {
  const stat = readOrNull(`/proc/${pid}/stat`);
  // The second field is the command in parentheses and may hold anything, also parentheses.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields?.[0];
  return fields === undefined || state === 'Z' || state === 'X' ? null : (fields[19] ?? null);
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
