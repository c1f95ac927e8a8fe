import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Clock } from '../shared/clock.ts';
import type { AgentConfig } from './config.ts';

const amount = z.number().nonnegative();

/** What the agent costs the machine, and what it may cost. */
export const Footprint = z.object({
  residentBytes: z
    .int()
    .nonnegative()
    .nullable()
    .describe('resident memory of the agent, null without /proc; a sweep has its own, until it ends'),
  cpuSeconds: amount.describe('CPU time of the agent since its start'),
  cpuShare: amount.nullable().describe('the same of late, as a share of one core; null in the first seconds'),
  sweepsCpuSeconds: amount
    .nullable()
    .describe('CPU time of all sweeps in children that have ended; null without /proc'),
  limits: z
    .object({ sweepBytesPerSecondMax: z.string(), sweepCpuShareMax: z.string(), sweepHeapMax: z.string() })
    .describe('in force, as agent.yaml says them'),
});
export type Footprint = z.infer<typeof Footprint>;

/** A share of a shorter time says more of the moment than of the agent. */
const intervalMsMin = 10_000;

/** Costs a few calls of the kernel each time. */
export function createFootprint(
  config: Pick<AgentConfig, keyof Footprint['limits']>,
  clock: Clock,
  usage: () => Usage = readUsage,
): () => Footprint {
  const { sweepBytesPerSecondMax, sweepCpuShareMax, sweepHeapMax } = config;
  const limits = { sweepBytesPerSecondMax, sweepCpuShareMax, sweepHeapMax };
  let before = { at: clock.monotonic(), cpuSeconds: usage().cpuSeconds };
  let cpuShare: number | null = null;
  return () => {
    const used = usage();
    const { cpuSeconds } = used;
    const at = clock.monotonic();
    if (at - before.at >= intervalMsMin) {
      cpuShare = rounded(((cpuSeconds - before.cpuSeconds) * 1_000) / (at - before.at), 10_000);
      before = { at, cpuSeconds };
    }
    return { ...used, cpuSeconds: rounded(cpuSeconds, 1_000), cpuShare, limits };
  };
}

type Usage = Pick<Footprint, 'residentBytes' | 'cpuSeconds' | 'sweepsCpuSeconds'>;

function readUsage(): Usage {
  const { user, system } = process.cpuUsage();
  return {
    residentBytes: residentBytes(),
    cpuSeconds: (user + system) / 1_000_000,
    sweepsCpuSeconds: childrenCpuSeconds(),
  };
}

function residentBytes(): number | null {
  try {
    return process.memoryUsage.rss();
  } catch {
    return null;
  }
}

/** `cutime` and `cstime` of proc_pid_stat(5): fields 16 and 17, in hundredths of a second (USER_HZ) on every Linux. */
function childrenCpuSeconds(): number | null {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)!.split(' ');
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return null;
  }
}

function rounded(value: number, parts: number): number {
  return Math.max(0, Math.round(value * parts) / parts);
}

/** What the thread that asks has taken of a processor. */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
