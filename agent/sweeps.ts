import type { Clock } from '../shared/clock.ts';
import type { FullSweep, QuickSweep, Sweeper } from './scan.ts';

/** A sweep that has ended and that nobody has taken yet. */
export interface EndedSweep {
  readonly scan: FullSweep | QuickSweep;
  /** The request of the server's that its report answers. */
  readonly answers: string | undefined;
  /** Other rules came into force while it ran: what it found by the old ones is told to nobody. */
  readonly isStale: boolean;
  /** Monotonic milliseconds. */
  readonly beganAt: number;
}

/** The sweep under way, and what is wanted of the next one. */
export interface Sweeps {
  /** The next one looks at everything, and not only at what has changed. `request` is the server's. */
  wantEverything(request?: string): void;
  /** Other rules are in force. */
  judgedAnew(): void;
  /** In the background; `onEnd` says when it is over. */
  start(signal: AbortSignal): void;
  take(): EndedSweep | undefined;
  /** The server has been told what it asked for, unless it has asked for more since. */
  told(answers: string | undefined): void;
}

interface Options {
  readonly sweep: Sweeper;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly onEnd: () => void;
}

export function createSweeps({ sweep, clock, onEnd }: Options): Sweeps {
  let wantsEverything = false;
  /** The last request of the server's that no told sweep has answered. */
  let asked: string | undefined;
  let underWay: Omit<EndedSweep, 'scan'> | undefined;
  let ended: EndedSweep['scan'] | undefined;

  return {
    wantEverything(request) {
      wantsEverything = true;
      asked = request ?? asked;
    },
    judgedAnew() {
      underWay = underWay && { ...underWay, isStale: true };
    },
    start(signal) {
      underWay = { answers: asked, isStale: false, beganAt: clock.monotonic() };
      const of = wantsEverything ? 'everything' : 'changes';
      wantsEverything = false;
      sweep(signal, of).then(
        (scan) => {
          ended = scan;
          onEnd();
        },
        // A sweep never fails but by being stopped, and then nobody waits for it.
        onEnd,
      );
    },
    take() {
      if (ended === undefined || underWay === undefined) return undefined;
      const taken = { ...underWay, scan: ended };
      ended = undefined;
      underWay = undefined;
      return taken;
    },
    told(answers) {
      if (asked === answers) asked = undefined;
    },
  };
}
