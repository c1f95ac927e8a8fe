import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Db, openDatabase } from '../../server/store/database.ts';

/** A real SQLite file of its own; gone when the process ends. */
export async function aDatabase(): Promise<Db> {
  return openDatabase({ file: join(aDirectory(), 'pristine.db') });
}

export function aDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'pristine-test-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
