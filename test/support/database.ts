import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Db, openDatabase } from '../../server/store/database.ts';

/** A real SQLite file of its own; gone when the process ends. */
export async function aDatabase(): Promise<Db> {
  return openDatabase({ file: join(aDirectory(), 'pristine.db') });
}

const directories = new Set<string>();
process.once('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

export function aDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'pristine-test-'));
  directories.add(directory);
  return directory;
}
