import type { Logger } from 'pino';
import { type Clock, timestamp } from '../shared/clock.ts';
import type { MemorySigns } from './host/memory-signs.ts';

/** Whether memory is short, so that the agent makes itself small and lets what can wait wait. */
export interface MemoryWatch {
  /** Since when, and by what; undefined while there is enough. Looks again once it is time to. */
  look(): Shortage | undefined;
}

export interface Shortage {
  readonly since: string;
  readonly why: string;
}

const lookEveryMs = 15_000;
/** While it is short, what has gathered since is given back so often. */
const shrinkEveryMs = 60_000;

export function createMemoryWatch(options: {
  readonly read: () => MemorySigns;
  /** Gives back what can be given back. */
  readonly shrink: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}): MemoryWatch {
  const { clock, log } = options;
  let shortage: Shortage | undefined;
  let lookAt = Number.NEGATIVE_INFINITY;
  let shrinkAt = Number.NEGATIVE_INFINITY;
  return {
    look() {
      const now = clock.monotonic();
      if (now < lookAt) return shortage;
      lookAt = now + lookEveryMs;
      const why = whyShort(options.read(), shortage !== undefined);
      if (why === undefined) {
        if (shortage !== undefined) log.info({ since: shortage.since }, 'there is enough memory again');
        shortage = undefined;
        return undefined;
      }
      if (shortage === undefined) log.warn({ reason: why }, 'memory is short: the agent makes itself small');
      shortage = { since: shortage?.since ?? timestamp(clock.now()), why };
      if (now >= shrinkAt) {
        shrinkAt = now + shrinkEveryMs;
        options.shrink();
      }
      return shortage;
    },
  };
}

const [stalledMax, usedMax] = [0.1, 0.9];
/** What was short is so until it is well below, or it would come and go. */
const enough = 0.75;

/** Pure. */
export function whyShort(signs: MemorySigns, wasShort: boolean): string | undefined {
  const share = wasShort ? enough : 1;
  const percent = (value: number) => `${Math.round(value * 100)} %`;
  const { machineStalled = 0, groupStalled = 0, groupUsed = 0 } = signs;
  if (groupUsed >= usedMax * share) return `${percent(groupUsed)} of what its control group may use is in use`;
  if (groupStalled >= stalledMax * share)
    return `its control group waits for memory ${percent(groupStalled)} of the time`;
  if (machineStalled >= stalledMax * share)
    return `the machine waits for memory ${percent(machineStalled)} of the time`;
  return undefined;
}
