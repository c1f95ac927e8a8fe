import type { Logger } from 'pino';
import { type Clock, timestamp } from '../shared/clock.ts';
import { sentenceOf } from '../shared/errors.ts';
import type { Image } from '../shared/image.ts';
import { uuidv7 } from '../shared/uuid.ts';
import { decideVerdict, type Verdict } from '../shared/verdict.ts';
import type { DirtySet } from './check/dirty-set.ts';
import { type Applied, applyScan, changesAnything, emptyState, type OpenState } from './report/apply-scan.ts';
import type { ConnectionNotes, ConnectionState } from './report/connection.ts';
import { type Baseline, buildReports } from './report/report-builder.ts';
import { comparePlaces, type Place, type Spool } from './report/spool.ts';
import type { Checker, Scan, Sweeper } from './scan.ts';
import { type BootCounter, bootMax } from './state/boot-counter.ts';
import { type Status, statusEveryMs } from './status.ts';
import type { Watcher } from './watch/watcher.ts';

export interface AgentLimits {
  /** From one scheduled sweep to the next, give or take a tenth. */
  readonly sweepEveryMs: number;
  /** From the end of one sweep to the start of one that is asked for; doubled with each that could not be spooled. */
  readonly sweepGapMs: number;
  /** From a hint to its check, so that hints of one change are looked at together. */
  readonly settleMs: number;
  /** Of the time, checks take at most one part in so many. */
  readonly checkShare: number;
  readonly checkGapMsMax: number;
  /** What was found being written to is looked at again after so long. */
  readonly recheckMs: number;
}

export const agentLimits: AgentLimits = {
  sweepEveryMs: 3_600_000,
  sweepGapMs: 10_000,
  settleMs: 200,
  checkShare: 50,
  checkGapMsMax: 10_000,
  recheckMs: 5_000,
};

export interface AgentOptions {
  readonly image: Image;
  readonly baseline: Baseline;
  readonly boot: BootCounter;
  readonly spool: Spool;
  readonly dirty: DirtySet;
  readonly watcher: () => Watcher;
  readonly sweep: Sweeper;
  readonly checker: Checker;
  /** What was known when the agent last ended. */
  readonly known?: OpenState | undefined;
  saveKnown(state: OpenState): Promise<void>;
  writeStatus(status: Status): Promise<void>;
  /** Something new is in the spool. */
  onSpooled(): void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<AgentLimits>;
  readonly random?: () => number;
}

/** What the loop knows when it has ended or is asked: for status, and for the exit code of `--once`. */
export interface AgentView {
  readonly verdict: Verdict;
  readonly swept: boolean;
  readonly spooled: number;
  readonly connection: ConnectionState;
}

/**
 * The agent's loop. Sockets, watchers and tickers only note (`notes`, the dirty set, `wake`); everything is decided and
 * done here, one thing after another. Only a sweep's child runs beside it: while it does, hints wait.
 */
export interface Agent {
  readonly notes: ConnectionNotes;
  lastPlace(): Place;
  view(): AgentView;
  /** There may be something to do: a hint, a tick. */
  wake(): void;
  /** Until the signal aborts or `isDone` says so after a round. */
  run(signal: AbortSignal, isDone?: (view: AgentView) => boolean): Promise<void>;
}

export function createAgent(options: AgentOptions): Agent {
  const { baseline, boot, spool, dirty, clock, log, random = Math.random } = options;
  const limits = { ...agentLimits, ...options.limits };

  let state: OpenState = options.known ?? emptyState;
  let seq = 0;
  let verdict: Verdict = 'unverifiable';
  let verdictSince = timestamp(clock.now());
  let lastSweep: Status['lastSweep'] = null;

  /** The server has no state of this boot, or not all of it: nothing but a full report makes sense to it. */
  let owesFull = true;
  let sweepAskedFor = true;
  let unspooled = 0;
  let sweepEndedAt = Number.NEGATIVE_INFINITY;
  let sweepDueAt = clock.monotonic();
  let sweeping = false;
  let swept: { readonly scan: Scan } | { readonly error: unknown } | undefined;

  let checkDueAt: number | undefined;
  let checkAllowedAt = Number.NEGATIVE_INFINITY;
  let again: { readonly names: readonly string[]; readonly at: number } | undefined;

  let instanceId: string | null = null;
  let connection: Status['connection'] = { state: 'connecting', since: verdictSince, error: null };
  const disagreements: { readonly acked: Place | null; readonly settled: () => void }[] = [];
  let statusWrittenAt = Number.NEGATIVE_INFINITY;
  let statusStale = true;
  let wakeUp = () => {};

  const wake = () => wakeUp();
  const noteStatus = () => {
    statusStale = true;
    wake();
  };

  const notes: ConnectionNotes = {
    state(next, error) {
      if (next !== connection.state || error !== connection.error) {
        const since = next === connection.state ? connection.since : timestamp(clock.now());
        connection = { state: next, since, error };
        noteStatus();
      }
    },
    welcome(id) {
      instanceId = id;
      log.info({ instanceId: id }, 'welcomed by the server');
      noteStatus();
    },
    acked: noteStatus,
    scanRequested(reason) {
      log.info({ reason }, 'the server asks for a sweep');
      sweepAskedFor = true;
      wake();
    },
    disagreement: (acked) =>
      new Promise((settled) => {
        disagreements.push({ acked, settled });
        wake();
      }),
  };

  return {
    notes,
    lastPlace: () => ({ boot: boot.current, seq }),
    view,
    wake,
    async run(signal, isDone = () => false) {
      signal.addEventListener('abort', wake, { once: true });
      while (!signal.aborted) {
        const woken = new Promise<void>((resolve) => {
          wakeUp = resolve;
        });
        await round(signal);
        await tellStatus();
        if (isDone(view())) break;
        await sleepUntil(nextDueAt(), woken);
      }
      for (const { settled } of disagreements.splice(0)) settled();
      signal.removeEventListener('abort', wake);
    },
  };

  function view(): AgentView {
    return { verdict, swept: lastSweep !== null, spooled: spool.reports, connection: connection.state };
  }

  async function round(signal: AbortSignal): Promise<void> {
    for (const { acked, settled } of disagreements.splice(0)) {
      await settle(acked);
      settled();
    }
    if (swept !== undefined) {
      const result = swept;
      swept = undefined;
      sweeping = false;
      if ('scan' in result) await finishSweep(result.scan);
      else if (!signal.aborted) throw result.error;
    }
    if (sweeping) return;
    const now = clock.monotonic();
    noteDirt(now);
    if (now >= sweepStartsAt()) startSweep(signal);
    else if (checkDueAt !== undefined && now >= checkStartsAt(checkDueAt) && !owesFull) await check();
  }

  function noteDirt(now: number): void {
    if (again !== undefined && now >= again.at) {
      for (const name of again.names) dirty.add(name);
      again = undefined;
    }
    if (dirty.overflowed) {
      dirty.take();
      askForSweep('more changes than checks can follow');
    }
    checkDueAt = dirty.size === 0 ? undefined : (checkDueAt ?? now + limits.settleMs);
  }

  function askForSweep(why: string): void {
    if (!sweepAskedFor) log.info({ reason: why }, 'a sweep is needed');
    sweepAskedFor = true;
  }

  function sweepStartsAt(): number {
    if (!sweepAskedFor) return sweepDueAt;
    const gapMs = Math.min(limits.sweepEveryMs, limits.sweepGapMs * 2 ** Math.min(unspooled, 10));
    return Math.min(sweepDueAt, sweepEndedAt + gapMs);
  }

  function checkStartsAt(dueAt: number): number {
    return Math.max(dueAt, checkAllowedAt);
  }

  function nextDueAt(): number {
    const due = [statusWrittenAt + statusEveryMs];
    if (!sweeping) {
      due.push(sweepStartsAt());
      if (checkDueAt !== undefined && !owesFull) due.push(checkStartsAt(checkDueAt));
      if (checkDueAt === undefined && dirty.size > 0) due.push(clock.monotonic());
      if (again !== undefined) due.push(again.at);
    }
    return Math.min(...due);
  }

  async function sleepUntil(dueAt: number, woken: Promise<void>): Promise<void> {
    const slept = new AbortController();
    const leftMs = Math.max(0, dueAt - clock.monotonic());
    await Promise.race([woken, clock.sleep(leftMs, slept.signal).catch(() => undefined)]);
    slept.abort();
  }

  function startSweep(signal: AbortSignal): void {
    sweeping = true;
    sweepAskedFor = false;
    const end = (result: NonNullable<typeof swept>) => {
      swept = result;
      wake();
    };
    options.sweep(signal).then(
      (scan) => end({ scan }),
      (error) => end({ error }),
    );
  }

  async function finishSweep(scan: Scan): Promise<void> {
    sweepEndedAt = clock.monotonic();
    sweepDueAt = sweepEndedAt + limits.sweepEveryMs * (0.9 + random() / 5);
    const { startedAt, finishedAt, coverage } = scan;
    lastSweep = { startedAt, finishedAt };
    const applied = applyScan(state, scan);
    await tell(scan, applied);
    const { opened, cleared } = applied;
    const counts = { opened: opened.length, cleared: cleared.length, open: state.open.size, holes: state.holes.length };
    log.info({ verdict, ...counts, entries: coverage.entries, startedAt, finishedAt }, 'swept');
  }

  async function check(): Promise<void> {
    const startedAt = clock.monotonic();
    const names = dirty.take();
    checkDueAt = undefined;
    try {
      const scan = await options.checker.check(names);
      if (scan === undefined) return askForSweep('more beneath the changed names than a check looks at');
      const applied = applyScan(state, scan);
      if (changesAnything(state, applied)) {
        await tell(scan, applied);
        log.info(
          { verdict, opened: applied.opened.length, cleared: applied.cleared.length },
          'a check found differences',
        );
      }
      const unstable = scan.coverage.holes.filter(({ reason }) => reason === 'unstable').map(({ name }) => name);
      if (unstable.length > 0) again = { names: unstable, at: clock.monotonic() + limits.recheckMs };
    } catch (error) {
      // The sweep meets the same obstacle, and its report names it.
      log.warn({ reason: sentenceOf(error) }, 'a check failed');
      askForSweep('a check failed');
    } finally {
      const now = clock.monotonic();
      checkAllowedAt = now + Math.min(limits.checkGapMsMax, (now - startedAt) * limits.checkShare);
    }
  }

  /** Makes the new state ours and spools what tells it. What cannot be spooled is told by a later full report. */
  async function tell(scan: Scan, applied: Applied): Promise<void> {
    const drafts = buildReports(uuidv7(clock.now()), scan, state, applied, baseline);
    if (scan.kind === 'check' && drafts.length > 1) return askForSweep('a check found more than one report holds');
    state = applied.state;
    judge();
    noteStatus();
    const reports = drafts.map((draft, index) => ({ ...draft, boot: boot.current, seq: seq + index + 1 }));
    // Also when this fails: what is on its way must never be another report of the same place.
    seq += reports.length;
    try {
      const fate = await spool.append(reports);
      owesFull = fate === 'dropped';
      if (owesFull)
        log.warn({ reports: reports.length }, 'the spool was full and is dropped: a sweep will tell everything');
      unspooled = owesFull ? unspooled + 1 : 0;
      options.onSpooled();
    } catch (error) {
      owesFull = true;
      unspooled += 1;
      log.error({ reason: sentenceOf(error) }, 'a report could not be spooled: a sweep will tell everything');
    }
    if (owesFull) sweepAskedFor = true;
    await options
      .saveKnown(state)
      .catch((error) => log.warn({ reason: sentenceOf(error) }, 'the known state could not be saved'));
  }

  function judge(): void {
    const severities = [...state.open.values()].map(({ severity }) => severity);
    const next = decideVerdict({ severities, holes: state.holes.length, scanned: lastSweep !== null, expired: false });
    if (next !== verdict) {
      verdict = next;
      verdictSince = timestamp(clock.now());
    }
  }

  /** Only a sweep can begin anew: in a later boot than the server has seen, or after what it has. */
  async function settle(acked: Place | null): Promise<void> {
    log.error(
      { acked, last: { boot: boot.current, seq } },
      'agent and server disagree about the order of reports: all is told anew',
    );
    await spool.clear();
    if (acked !== null && comparePlaces(acked, { boot: boot.current, seq }) > 0) {
      if (acked.boot >= bootMax) log.error({ boot: acked.boot }, 'the server claims an impossible boot');
      else {
        await boot.raise(acked.boot);
        seq = 0;
      }
    }
    owesFull = true;
    sweepAskedFor = true;
    noteStatus();
  }

  async function tellStatus(): Promise<void> {
    if (!statusStale && clock.monotonic() < statusWrittenAt + statusEveryMs) return;
    statusStale = false;
    statusWrittenAt = clock.monotonic();
    const { kind, state: watcherState, error } = options.watcher().status;
    const status: Status = {
      schema: 'pristine.status/1',
      pid: process.pid,
      boot: boot.current,
      instanceId,
      image: options.image,
      rules: baseline.rules,
      verdict,
      since: verdictSince,
      lastSweep,
      openFindings: state.open.size,
      holes: state.holes.length,
      connection,
      spool: { reports: spool.reports, bytes: spool.bytes },
      watcher: { kind, state: watcherState, error },
      updatedAt: timestamp(clock.now()),
    };
    await options
      .writeStatus(status)
      .catch((cause) => log.warn({ reason: sentenceOf(cause) }, 'the status could not be written'));
  }
}
