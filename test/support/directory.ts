import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftoverPrefix } from './scratch.ts';

const directories = new Set<string>();
process.once('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** An empty folder; gone when the process ends, or when a later run finds what a killed one left. */
export function aDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), `${leftoverPrefix}${process.pid}-`));
  directories.add(directory);
  return directory;
}
