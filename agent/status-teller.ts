import type { Logger } from 'pino';
import type { Clock } from '../shared/clock.ts';
import { sentenceOf } from '../shared/errors.ts';
import { type Status, statusEveryMs } from './status.ts';

/** Says how the agent is, at each change and every now and then. */
export interface StatusTeller {
  /** In monotonic milliseconds. */
  dueAt(): number;
  /** Something of it has changed. */
  note(): void;
  /** Does nothing before it is due. What cannot be written is logged. */
  tell(): Promise<void>;
}

export function createStatusTeller(options: {
  readonly read: () => Status;
  readonly write: (status: Status) => Promise<void>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Logger;
}): StatusTeller {
  const { read, write, clock, log } = options;
  let dueAt = Number.NEGATIVE_INFINITY;
  return {
    dueAt: () => dueAt,
    note: () => {
      dueAt = Number.NEGATIVE_INFINITY;
    },
    async tell() {
      const now = clock.monotonic();
      if (now < dueAt) return;
      dueAt = now + statusEveryMs;
      await write(read()).catch((cause) => log.warn({ reason: sentenceOf(cause) }, 'the status could not be written'));
    },
  };
}
