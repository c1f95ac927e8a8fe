import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno, writeDurably } from './durable-file.ts';

/**
 * Counts the starts of the agent. Order on the server is (boot, seq), so a number is on disk before it is used, and is
 * never used twice.
 */
export interface BootCounter {
  readonly current: number;
  /** The next one, above `floor` too: the server may know a higher one when a state directory was lost or restored. */
  raise(floor: number): Promise<number>;
}

/** Leaves room to count on; a server that claims more is not believed. */
export const bootMax = 1_000_000_000;

/** Counts this start. A file that cannot be read as a number counts as none: the server then tells what it has seen. */
export async function openBootCounter(stateDir: string): Promise<BootCounter> {
  const path = join(stateDir, 'boot');
  let current = await readBoot(path);
  const raise = async (floor: number) => {
    const next = Math.max(current, floor) + 1;
    await writeDurably(path, `${next}\n`);
    current = next;
    return next;
  };
  await raise(0);
  return {
    get current() {
      return current;
    },
    raise,
  };
}

async function readBoot(path: string): Promise<number> {
  try {
    const boot = Number((await readFile(path, 'utf8')).trim());
    return Number.isSafeInteger(boot) && boot > 0 && boot <= bootMax ? boot : 0;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0;
    throw error;
  }
}
