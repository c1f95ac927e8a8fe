import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { CodedError, sentenceOf } from '../../shared/errors.ts';

export interface DirectoryLock {
  release(): void;
}

/**
 * Two servers on one data directory would both replace. The lock is SQLite's own on a file of its own: the kernel drops
 * it with its process, so that kill -9 leaves nothing stale, which a file with a pid would. Errors: CONFIG when held, IO.
 */
export function lockDirectory(file: string): DirectoryLock {
  const sqlite = open(file);
  try {
    sqlite.pragma('busy_timeout = 0');
    sqlite.pragma('locking_mode = EXCLUSIVE');
    sqlite.prepare('begin exclusive').run([]);
  } catch (cause) {
    sqlite.close();
    if ((cause as { code?: unknown }).code !== 'SQLITE_BUSY') throw cannotLock(file, cause);
    throw new CodedError('CONFIG', `another pristine-server is using ${dirname(file)}`, cause);
  }
  return { release: () => sqlite.close() };
}

function open(file: string): Database {
  try {
    return new Database(file);
  } catch (cause) {
    throw cannotLock(file, cause);
  }
}

function cannotLock(file: string, cause: unknown): CodedError {
  return new CodedError('IO', `could not lock ${file}: ${sentenceOf(cause)}`, cause);
}
