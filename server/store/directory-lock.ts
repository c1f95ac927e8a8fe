import Database from 'better-sqlite3';
import { CodedError } from '../../shared/errors.ts';

export interface DirectoryLock {
  release(): void;
}

/**
 * Two servers on one data directory would both replace. The lock is SQLite's own on a file of its own: the kernel drops
 * it with its process, so that kill -9 leaves nothing stale, which a file with a pid would. Errors: CONFIG when held.
 */
export function lockDirectory(file: string): DirectoryLock {
  const sqlite = new Database(file);
  try {
    sqlite.pragma('busy_timeout = 0');
    sqlite.pragma('locking_mode = EXCLUSIVE');
    sqlite.prepare('begin exclusive').run([]);
  } catch (cause) {
    sqlite.close();
    throw new CodedError('CONFIG', `${file} is held: another pristine-server uses this data directory`, cause);
  }
  return { release: () => sqlite.close() };
}
