import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How short of memory the machine is, and the control group of this process. What the kernel does not tell is left out. */
export interface MemorySigns {
  /** Share of the last ten seconds in which something on the machine waited for memory (PSI, `some`). */
  readonly machineStalled?: number | undefined;
  /** The same of the group: version 2 only. */
  readonly groupStalled?: number | undefined;
  /** What the group cannot do without, as a share of what it may use: file pages that nobody uses are given up for nothing. */
  readonly groupUsed?: number | undefined;
}

/** Reads a handful of small files of the kernel. Where they are is a parameter. */
export function readMemorySigns(proc = '/proc', groups = '/sys/fs/cgroup'): MemorySigns {
  const machineStalled = stalledIn(read(join(proc, 'pressure/memory')));
  const group = ownGroup(read(join(proc, 'self/cgroup')) ?? '', groups);
  if (group === undefined) return { machineStalled };
  const { directory, files } = group;
  const numbers = (names: readonly string[]) => names.map((name) => bytesIn(read(join(directory, name))));
  const limits = numbers(files.limits).filter((limit) => limit !== undefined);
  const [usage] = numbers([files.usage]);
  const idle = new RegExp(`^${files.idle} (\\d+)$`, 'm').exec(read(join(directory, 'memory.stat')) ?? '')?.[1];
  const isKnown = limits.length > 0 && usage !== undefined && idle !== undefined;
  return {
    machineStalled,
    groupStalled: stalledIn(read(join(directory, 'memory.pressure'))),
    groupUsed: isKnown ? Math.max(0, usage - Number(idle)) / Math.min(...limits) : undefined,
  };
}

const [version1, version2] = [
  { limits: ['memory.limit_in_bytes'], usage: 'memory.usage_in_bytes', idle: 'total_inactive_file' },
  { limits: ['memory.max', 'memory.high'], usage: 'memory.current', idle: 'inactive_file' },
] as const;

/** `4:memory:/system.slice/x.service` in version 1, which goes first where both are there; `0::/system.slice/x.service` in 2. */
function ownGroup(said: string, groups: string) {
  const first = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m.exec(said)?.[1];
  if (first !== undefined) return { directory: join(groups, 'memory', first), files: version1 };
  const second = /^0::(\/.*)$/m.exec(said)?.[1];
  return second === undefined ? undefined : { directory: join(groups, second), files: version2 };
}

/** Of `some avg10=0.12 avg60=… total=…`. */
function stalledIn(text: string | undefined): number | undefined {
  const percent = /^some avg10=(\d+\.\d+) /m.exec(text ?? '')?.[1];
  return percent === undefined ? undefined : Number(percent) / 100;
}

/** Undefined also for what is no limit: `max`, and the largest number of pages in version 1. */
function bytesIn(text: string | undefined): number | undefined {
  const bytes = Number.parseInt(text ?? '', 10);
  return bytes > 0 && bytes < 2 ** 60 ? bytes : undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
