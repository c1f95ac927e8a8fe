import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directories = new Set<string>();
process.once('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** An empty folder; gone when the process ends. */
export function aDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'pristine-test-'));
  directories.add(directory);
  return directory;
}
