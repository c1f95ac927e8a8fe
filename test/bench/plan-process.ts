import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { backtest } from '../../server/replace/backtest.ts';
import { planReplacements } from '../../server/replace/planner.ts';
import { takeSnapshot } from '../../server/replace/snapshot.ts';
import { openDatabase } from '../../server/store/database.ts';
import { now } from '../support/snapshot.ts';
import { aLargePast } from './backtest-fleet.ts';
import { obeyParent } from './child.ts';
import { median } from './compare-times.ts';
import { aLargeFleet } from './plan-fleet.ts';

/** What a planning server does, alone in a process: its memory is then that of the plan. */
export type PlanCommand =
  | { readonly do: 'plan'; readonly rounds: number }
  | { readonly do: 'read'; readonly file: string }
  | { readonly do: 'backtest'; readonly groups: number };
export interface PlanFigures {
  readonly ms: number;
  readonly peakKib: number;
  /** Of the plan: candidates; of the reading: instances. */
  readonly count: number;
}
export interface BacktestFigures {
  readonly ms: number;
  /** The longest that it let nobody else have the processor, but for what its caller adds. */
  readonly longestMs: number;
  readonly coarsestMs: number;
  readonly looks: number;
}
export interface PlanMemory {
  /** Of Node and the modules, before there was anything to plan on. */
  readonly ownKib: number;
  /** Of the fleet. */
  readonly givenKib: number;
  /** From there, at the peak. */
  readonly addedKib: number;
}

// As the server has it (`server/main.ts`).
setFlagsFromString('--heap-growing-percent=30');
setFlagsFromString('--semi-space-growth-factor=1');
obeyParent<PlanCommand>(async (command) => {
  switch (command.do) {
    case 'plan':
      return plan(command.rounds);
    case 'read':
      return read(command.file);
    case 'backtest':
      return lookBack(command.groups);
    default:
      return command satisfies never;
  }
});

function plan(rounds: number): PlanFigures & PlanMemory {
  const ownKib = statusKib('VmRSS');
  const { snapshot, policies } = aLargeFleet();
  const whole = statusKib('VmHWM');
  const heldKib = statusKib('VmRSS');
  forgetPeak();
  const times: number[] = [];
  let count = 0;
  for (let round = 0; round < rounds; round++) {
    const from = performance.now();
    const { commands, blocked } = planReplacements(snapshot, policies, now);
    times.push(performance.now() - from);
    count = commands.length + blocked.length;
  }
  const peakKib = statusKib('VmHWM');
  const memory = { ownKib, givenKib: heldKib - ownKib, addedKib: peakKib - heldKib };
  return { ms: median(times), peakKib: Math.max(whole, peakKib), ...memory, count };
}

async function read(file: string): Promise<PlanFigures> {
  const db = await openDatabase({ file });
  const sources = { db, machines: new Map(), isOnline: () => true, hasReported: () => true, evidenceTtlMs: 3_600_000 };
  const times: number[] = [];
  let count = 0;
  for (let round = 0; round < 3; round++) {
    const from = performance.now();
    const { groups } = await takeSnapshot(sources, now);
    times.push(performance.now() - from);
    count = [...groups.values()].reduce((sum, { instances }) => sum + instances.length, 0);
  }
  await db.destroy();
  return { ms: median(times), peakKib: statusKib('VmHWM'), count };
}

/** The first in its process, as whoever asks for one sees it. */
async function lookBack(groups: number): Promise<BacktestFigures> {
  const work = backtest(aLargePast(groups));
  const from = performance.now();
  let [last, longestMs] = [from, 0];
  for (;;) {
    const { done, value } = work.next();
    const at = performance.now();
    longestMs = Math.max(longestMs, at - last);
    last = at;
    if (done) return { ms: at - from, longestMs, coarsestMs: value.coarsestMs, looks: value.looks };
  }
}

/** proc_pid_status(5). */
function statusKib(field: 'VmHWM' | 'VmRSS'): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

/** VmHWM begins anew: proc_pid_clear_refs(5). */
function forgetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5');
}
