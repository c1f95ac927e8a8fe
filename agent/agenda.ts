export interface AgendaLimits {
  /** From one scheduled sweep to the next, give or take `sweepSpread`. */
  readonly sweepEveryMs: number;
  /** From the end of one sweep to the start of one that is asked for; doubled with each that could not be spooled, */
  readonly sweepGapMs: number;
  /** up to this. */
  readonly sweepGapMsMax: number;
  /** From a hint to its check, so that hints of one change are looked at together. */
  readonly settleMs: number;
  /** So long a scheduled sweep is put off where there are better times to hope for, */
  readonly sweepPutOffMs: number;
  /** and no longer in all: evidence ages meanwhile. */
  readonly sweepPutOffMsMax: number;
  /** Checks take at most one part in so many of the time, */
  readonly checkShare: number;
  /** once they have taken so much of it at once; */
  readonly checkBurstMs: number;
  /** but none waits longer than this for the one before. */
  readonly checkGapMsMax: number;
}

export const agendaLimits: AgendaLimits = {
  sweepEveryMs: 6 * 3_600_000,
  sweepGapMs: 10_000,
  sweepGapMsMax: 3_600_000,
  sweepPutOffMs: 60_000,
  sweepPutOffMsMax: 3_600_000,
  settleMs: 50,
  checkShare: 50,
  checkBurstMs: 1_000,
  checkGapMsMax: 10_000,
};

/** A quarter either way: a fleet that was started at once spreads over half of its interval, and does not read its disks at once. */
export const sweepSpread = 0.25;

/**
 * When to sweep and when to check. Knows times (monotonic milliseconds) and nothing else. A sweep is due at the start,
 * so that none that was due or under way when the agent ended is forgotten; until a full report is told, and while a sweep runs, no check is.
 */
export interface Agenda {
  /** What to do now. A sweep that is begun is ended by `sweepEnded`. */
  next(now: number): 'sweep' | 'check' | undefined;
  /** When `next` has something to say, if nothing else happens. */
  dueAt(): number;
  /** Puts off a scheduled sweep that is due. False for one that was asked for or is owed, and past its bound. */
  putOff(now: number): boolean;
  hinted(now: number): void;
  /** True when none was asked for yet. */
  askForSweep(): boolean;
  sweepEnded(now: number): void;
  /** With the time that it took of a processor, in milliseconds. */
  checkEnded(tookMs: number, now: number): void;
  /** What is compared with is another: a full report is owed, and the sweep for it is due now. */
  judgedAnew(now: number): void;
  /** What is known is spooled. */
  told(): void;
  /** It is not, and only a full report can tell it now. `failed` when it could not be spooled: then the next may wait longer. */
  owe(why: 'failed' | 'begun-anew'): void;
}

export function createAgenda(startedAt: number, limits: AgendaLimits = agendaLimits, random = Math.random): Agenda {
  let sweepDueAt = startedAt;
  /** When the scheduled one was due first. */
  let scheduledAt = startedAt;
  let sweepEndedAt = Number.NEGATIVE_INFINITY;
  let isSweeping = false;
  let isAskedFor = false;
  let owesFull = true;
  let untold = 0;
  let checkDueAt = Number.POSITIVE_INFINITY;
  let checkAllowedAt = Number.NEGATIVE_INFINITY;
  /** Of the time that checks may take; below zero they have taken it before. */
  let credit = { ms: limits.checkBurstMs, at: startedAt };

  const sweepAt = () => {
    if (!isAskedFor) return sweepDueAt;
    const gapMs = Math.min(limits.sweepEveryMs, limits.sweepGapMsMax, limits.sweepGapMs * 2 ** Math.min(untold, 10));
    return Math.min(sweepDueAt, sweepEndedAt + gapMs);
  };
  const checkAt = () => (owesFull ? Number.POSITIVE_INFINITY : Math.max(checkDueAt, checkAllowedAt));
  const askForSweep = () => {
    const isNew = !isAskedFor;
    isAskedFor = true;
    return isNew;
  };

  return {
    next(now) {
      if (isSweeping) return undefined;
      if (now >= sweepAt()) {
        isSweeping = true;
        isAskedFor = false;
        return 'sweep';
      }
      if (now < checkAt()) return undefined;
      checkDueAt = Number.POSITIVE_INFINITY;
      return 'check';
    },
    dueAt: () => (isSweeping ? Number.POSITIVE_INFINITY : Math.min(sweepAt(), checkAt())),
    putOff(now) {
      const until = Math.min(now + limits.sweepPutOffMs, scheduledAt + limits.sweepPutOffMsMax);
      if (isSweeping || isAskedFor || owesFull || now < sweepDueAt || until <= now) return false;
      sweepDueAt = until;
      return true;
    },
    hinted(now) {
      checkDueAt = Math.min(checkDueAt, now + limits.settleMs);
    },
    askForSweep,
    sweepEnded(now) {
      isSweeping = false;
      sweepEndedAt = now;
      sweepDueAt = now + limits.sweepEveryMs * (1 - sweepSpread + 2 * sweepSpread * random());
      scheduledAt = sweepDueAt;
    },
    checkEnded(tookMs, now) {
      const { checkShare, checkBurstMs, checkGapMsMax } = limits;
      const had = Math.min(checkBurstMs, credit.ms + (now - credit.at) / checkShare);
      credit = { ms: Math.max(had - tookMs, -checkGapMsMax / checkShare), at: now };
      checkAllowedAt = now + Math.max(0, -credit.ms) * checkShare;
    },
    judgedAnew(now) {
      owesFull = true;
      sweepDueAt = now;
    },
    told() {
      owesFull = false;
      untold = 0;
    },
    owe(why) {
      owesFull = true;
      if (why === 'failed') untold += 1;
      askForSweep();
    },
  };
}
