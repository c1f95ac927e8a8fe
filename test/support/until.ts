import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a fact. The runner's own time limit is the bound. */
export async function until(fact: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await fact())) await sleep(5);
}
