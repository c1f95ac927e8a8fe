import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { libc } from './host/libc.ts';
import { letGoOfCode } from './host/own-code.ts';

/**
 * Collects now, and gives back what the allocator keeps for later. V8 keeps the heap of its busiest moment until it is busy
 * again, which an idle agent never is, and glibc likewise: on a Debian root that is some fourteen of its eighty megabytes. Of
 * the code and constants of Node an idle agent needs a third.
 */
export function giveMemoryBack(): void {
  collect ??= exposeCollector();
  collect();
  trim ??= exposeTrim();
  trim(0);
  letGoOfCode();
}

let collect: (() => void) | undefined;
let trim: ((pad: number) => void) | undefined;

function exposeCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** malloc_trim(3), which musl does not have. */
function exposeTrim(): (pad: number) => void {
  try {
    return libc.func('int malloc_trim(uint64_t)');
  } catch {
    return () => undefined;
  }
}
