import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory and those above it; answers the topmost it made. Not Node's `recursive`: where a filesystem says
 * ENOENT to every mkdir, as /proc does, that one tries for ever. Throws what the system says.
 */
export function makeDirectory(path: string, mode = 0o777): string | undefined {
  if (isDirectory(path)) return undefined;
  const above = makeDirectory(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Somebody else made it meanwhile.
    if (isDirectory(path)) return above;
    throw error;
  }
  return above ?? path;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
