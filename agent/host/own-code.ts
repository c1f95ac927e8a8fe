import { readFileSync } from 'node:fs';
import { type Call, libc } from './libc.ts';

const madvise = libc.func('int madvise(int64_t, uint64_t, int)') as Call;
const dontneed = 4;

/**
 * Lets go of the pages of our own program and its libraries that hold code and constants: what is needed again is mapped again
 * from the page cache. Only of mappings that nobody may write and of which nothing was ever written, relocations included,
 * since that would be lost (madvise(2), MADV_DONTNEED).
 */
export function letGoOfCode(): void {
  let smaps: string;
  try {
    smaps = readFileSync('/proc/self/smaps', 'latin1');
  } catch {
    // Without /proc, and where the kernel does not have it.
    return;
  }
  for (const { address, length } of cleanMappingsIn(smaps)) madvise(address, length, dontneed);
}

interface Mapping {
  readonly address: number;
  readonly length: number;
}

/** Of files, in proc_pid_smaps(5). Pure. */
export function cleanMappingsIn(smaps: string): readonly Mapping[] {
  return smaps
    .split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/)
    .map((mapping) => ({ mapping, head: /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p [0-9a-f]+ \S+ [1-9]\d* +\//.exec(mapping) }))
    .filter(({ mapping, head }) => head !== null && /^Anonymous: +0 kB$/m.test(mapping))
    .map(({ head }) => {
      const address = Number.parseInt(head![1]!, 16);
      return { address, length: Number.parseInt(head![2]!, 16) - address };
    });
}
