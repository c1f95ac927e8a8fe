import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { makeDirectory } from '../make-directory.ts';
import { type BootCounter, openBootCounter } from './boot-counter.ts';
import { temporaryPrefix } from './durable-file.ts';
import { type Discarded, discardOfFormer } from './former-machine.ts';
import { type Identity, loadIdentity } from './identity.ts';
import { type Lock, takeLock } from './lock.ts';
import type { Machine } from './machine.ts';

export interface StateDirectory {
  readonly path: string;
  readonly spoolPath: string;
  readonly identity: Identity;
  readonly boot: BootCounter;
  /** Undefined where nothing of another machine lay here. */
  readonly discarded: Discarded | undefined;
  close(): Promise<void>;
}

/**
 * Makes what is missing, takes the lock, removes what another machine left, then counts the start: a refused start counts
 * nothing. `machineAt` says which machine this is. Errors: CONFLICT, KEY, IO.
 */
export async function openStateDirectory(path: string, machineAt: (path: string) => Machine): Promise<StateDirectory> {
  const spoolPath = join(path, 'spool');
  let lock: Lock | undefined;
  try {
    makeDirectory(path, 0o700);
    lock = await takeLock(path);
    await removeTemporaries(path);
    const discarded = await discardOfFormer(path, machineAt(path));
    makeDirectory(spoolPath, 0o700);
    const identity = await loadIdentity(path);
    const boot = await openBootCounter(path);
    return { path, spoolPath, identity, boot, discarded, close: lock.release };
  } catch (cause) {
    await lock?.release();
    if (cause instanceof CodedError) throw cause;
    throw new CodedError('IO', `the state directory ${path} cannot be used: ${sentenceOf(cause)}`, cause);
  }
}

async function removeTemporaries(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.startsWith(temporaryPrefix)) await rm(join(directory, name), { force: true });
  }
}
