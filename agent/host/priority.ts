import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { libc, numberOf } from './libc.ts';

const niceMin = 10;
/** Of 1000. Also above an agent that has grown, which must live to tell. */
const oomScoreMin = 500;
const [batch, idleClass, ofThread] = [3, 3 << 13, 1];

const syscall = libc.func('int64_t syscall(int64_t, int64_t, int64_t, int64_t)') as (
  ...numbers: readonly number[]
) => number;
const schedule = libc.func('int64_t syscall(int64_t, int64_t, int64_t, uint8_t *)') as (
  number: number,
  thread: number,
  policy: number,
  parameters: Buffer,
) => number;
const ioprioSet = numberOf({ x64: 251, arm64: 30 });
const schedSetscheduler = numberOf({ x64: 144, arm64: 119 });

/**
 * From now on this process is one that others go before: nice 10 (or what it is above that), SCHED_BATCH, the idle class of
 * I/O, and the first to be killed where memory ends. Linux keeps the first three by thread, so each that runs is asked for;
 * those to come take after the one that starts them.
 * What the kernel refuses stays as it was: slower is a wish, and a sweep does not fail for it.
 */
export function lowerPriority(): void {
  for (const thread of ownThreads()) {
    try {
      setPriority(thread, Math.max(niceMin, getPriority(thread)));
    } catch {
      // It has just ended, or we are not let.
    }
    schedule(schedSetscheduler, thread, batch, Buffer.alloc(4));
    syscall(ioprioSet, ofThread, thread, idleClass);
  }
  goFirst();
}

/** proc_pid_oom_score_adj(5). */
function goFirst(): void {
  const file = '/proc/self/oom_score_adj';
  try {
    if (Number(readFileSync(file, 'utf8')) < oomScoreMin) writeFileSync(file, `${oomScoreMin}`);
  } catch {
    // Without /proc.
  }
}

/** Without /proc, the one that asks. */
function ownThreads(): readonly number[] {
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    return [0];
  }
}
