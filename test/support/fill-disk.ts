import { closeSync, openSync, writeSync } from 'node:fs';

/** Into this file goes all that its disk has room for. */
export function fillDisk(path: string): void {
  const handle = openSync(path, 'a');
  try {
    for (const bytes of [1_048_576, 4_096, 1]) {
      const block = Buffer.alloc(bytes);
      try {
        for (;;) if (writeSync(handle, block) < bytes) break;
      } catch {
        // ENOSPC is what it is for; a smaller block may still have room.
      }
    }
  } finally {
    closeSync(handle);
  }
}
