import { setTimeout as sleep } from 'node:timers/promises';

/** Longer than any test may take: one that was given up must not wait on for ever, and keep its process. */
const untilMsMax = 600_000;

/** Waits for a fact. Mostly the runner's own time limit is the bound. */
export async function until(fact: () => boolean | Promise<boolean>): Promise<void> {
  const started = performance.now();
  while (!(await fact())) {
    if (performance.now() - started > untilMsMax) throw new Error(`waited ${untilMsMax} ms for a fact`);
    await sleep(5);
  }
}
