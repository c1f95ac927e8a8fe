import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftoverPrefix } from './scratch.ts';

const directories = new Set<string>();
process.once('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** An empty folder; gone when the process ends, or when a later run finds what a killed one left. */
export function aDirectory(): string {
  return directoryIn(tmpdir());
}

/** In memory where there is such a place: for what waits for its disk ten thousand times and is not about disks. */
export function aDirectoryInMemory(): string {
  return directoryIn(existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
}

function directoryIn(place: string): string {
  const directory = mkdtempSync(join(place, `${leftoverPrefix}${process.pid}-`));
  directories.add(directory);
  return directory;
}
