import type { Logger } from 'pino';
import { type Clock, timestamp } from '../shared/clock.ts';
import type { Image } from '../shared/image.ts';
import { severityAtLeast } from '../shared/severity.ts';
import type { Verdict } from '../shared/verdict.ts';
import { type AgendaLimits, agendaLimits, createAgenda } from './agenda.ts';
import type { DirtySet } from './check/dirty-set.ts';
import type { Footprint } from './footprint.ts';
import { giveMemoryBack } from './give-memory-back.ts';
import { createHints, type HintLimits, hintLimits } from './hints.ts';
import type { MemoryWatch } from './memory-watch.ts';
import type { ConnectionNotes, ConnectionState } from './report/connection.ts';
import type { Reporter, Telling } from './report/reporter.ts';
import type { Spool } from './report/spool.ts';
import type { RulesOffers } from './rules/offers.ts';
import type { Checker, Scan, Sweeper } from './scan.ts';
import { createServerView } from './server-view.ts';
import type { Settling } from './settle/settling.ts';
import { createSlept } from './slept.ts';
import { type Status, statusEveryMs } from './status.ts';
import { createStatusTeller } from './status-teller.ts';
import { createSweeps, type EndedSweep } from './sweeps.ts';
import type { Watcher } from './watch/watcher.ts';

export interface AgentLimits extends AgendaLimits, HintLimits {
  /** From one look at whether boot has settled to the next. */
  readonly bootLookMs: number;
  /** The loop turns at least so often, also when there is nothing to do. */
  readonly turnMsMax: number;
}

const agentLimits: AgentLimits = {
  ...agendaLimits,
  ...hintLimits,
  bootLookMs: 15_000,
  turnMsMax: statusEveryMs,
};

/** So many are nothing to a sweep. */
const openFew = 10_000;

export interface AgentOptions {
  readonly image: Image;
  /** Sequence of the rules in force. */
  rules(): number;
  readonly offers: RulesOffers;
  readonly reporter: Reporter;
  readonly spool: Pick<Spool, 'reports' | 'bytes' | 'trouble'>;
  readonly dirty: DirtySet;
  watcher(): Omit<Watcher, 'close'>;
  readonly sweep: Sweeper;
  readonly checker: Checker;
  readonly settling: Settling;
  /** Something new is in the spool. */
  onTold(): void;
  writeStatus(status: Status): Promise<void>;
  footprint?(): Footprint;
  /** What this thread has taken of a processor; without it, time goes for it. */
  cpuMs?(): number;
  readonly memory?: MemoryWatch;
  /** The loop has turned once more: nothing else may say so, since it tells that the agent is alive. */
  onTurn?(): void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<AgentLimits>;
  readonly random?: () => number;
}

/** What decides the end of `--once`. */
export interface AgentView {
  readonly verdict: Verdict;
  readonly hasSwept: boolean;
  /** Reports not acked yet. */
  readonly spooled: number;
  readonly connection: ConnectionState;
}

export interface Agent {
  /** For the connection. */
  readonly notes: ConnectionNotes;
  view(): AgentView;
  /** There may be something to do: a hint, a tick. */
  wake(): void;
  /** Something happened that only a sweep finds. */
  needSweep(reason: string): void;
  /** Until the signal aborts, or `isDone` says so after a round. */
  run(signal: AbortSignal, isDone?: (view: AgentView) => boolean): Promise<void>;
}

/**
 * The agent's loop. Sockets, watchers and tickers only note (`notes`, the dirty set, `wake`); everything is decided and
 * done here, one thing after another. Only a sweep runs beside it, in a child or by turns: while it does, hints wait.
 */
export function createAgent(options: AgentOptions): Agent {
  const { reporter, settling, clock, log } = options;
  const limits = { ...agentLimits, ...options.limits };
  const agenda = createAgenda(clock.monotonic(), limits, options.random);
  const slept = createSlept(clock);

  const hints = createHints({
    ...options,
    agenda,
    needSweep,
    tell,
    limits,
    cpuMs: options.cpuMs ?? (() => clock.monotonic()),
  });

  const sweeps = createSweeps({ sweep: options.sweep, clock, onEnd: () => wake() });
  let lastSweep: Status['lastSweep'] = null;
  let isPutOff = false;
  let bootDueAt = Number.NEGATIVE_INFINITY;
  let wake = () => {};

  const teller = createStatusTeller({ read: statusNow, write: (status) => options.writeStatus(status), clock, log });
  const noteStatus = () => {
    teller.note();
    wake();
  };
  const server = createServerView({
    clock,
    log,
    onChange: noteStatus,
    onWork: () => wake(),
    askForSweep: (request) => {
      sweeps.wantEverything(request);
      return agenda.askForSweep();
    },
    noteOffer: options.offers.note,
  });

  return {
    notes: server.notes,
    view,
    wake: () => wake(),
    needSweep,
    async run(signal, isDone = () => false) {
      const abort = () => wake();
      signal.addEventListener('abort', abort);
      while (!signal.aborted) {
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await round(signal);
        await teller.tell();
        options.onTurn?.();
        if (isDone(view())) break;
        await sleepUntil(nextDueAt(), woken);
      }
      signal.removeEventListener('abort', abort);
      for (const { settled } of server.takeDisagreements()) settled();
    },
  };

  function view(): AgentView {
    const { reports: spooled } = options.spool;
    return { verdict: reporter.verdict, hasSwept: lastSweep !== null, spooled, connection: server.connection.state };
  }

  async function round(signal: AbortSignal): Promise<void> {
    for (const { acked, settled } of server.takeDisagreements()) {
      await reporter.beginAnew(acked);
      agenda.owe('begun-anew');
      settled();
    }
    const ended = sweeps.take();
    if (ended !== undefined) await finishSweep(ended);
    if (await options.offers.follow(signal)) judgeAnew();
    const now = clock.monotonic();
    await watchBoot(now);
    hints.note(now);
    // Nobody watched meanwhile, evidence has aged, and a disk can be changed from outside.
    if (slept()) {
      sweeps.wantEverything();
      needSweep('the machine has slept, or its clock was set forward');
    }
    putOff(now);
    switch (agenda.next(now)) {
      case 'sweep':
        hints.sweepBegins();
        isPutOff = false;
        // What has gathered since the last sweep is much where much is open, and its child is about to need as much again.
        if (reporter.state.open.size > openFew) giveMemoryBack();
        sweeps.start(signal);
        return;
      case 'check':
        await hints.check(now, reporter.state.open.values());
        return;
      case undefined:
        return;
    }
  }

  async function watchBoot(now: number): Promise<void> {
    if (settling.settled !== null || now < bootDueAt) return;
    bootDueAt = now + limits.bootLookMs;
    if (await settling.look()) needSweep('boot has settled: what it wrote is pinned');
    noteStatus();
  }

  /** While memory is short a scheduled sweep waits, up to a bound that its evidence outlives. */
  function putOff(now: number): void {
    const shortage = options.memory?.look();
    if (shortage === undefined || !agenda.putOff(now)) return;
    if (!isPutOff) log.warn({ reason: shortage.why }, 'a sweep is put off');
    isPutOff = true;
    noteStatus();
  }

  function nextDueAt(): number {
    const bootLookAt = settling.settled === null ? bootDueAt : Number.POSITIVE_INFINITY;
    return Math.min(agenda.dueAt(), teller.dueAt(), bootLookAt, hints.dueAt());
  }

  function needSweep(reason: string): void {
    if (agenda.askForSweep()) log.info({ reason }, 'a sweep is needed');
  }

  async function sleepUntil(dueAt: number, woken: Promise<void>): Promise<void> {
    const done = new AbortController();
    const sleep = clock.sleep(Math.max(0, Math.min(dueAt - clock.monotonic(), limits.turnMsMax)), done.signal);
    await Promise.race([woken, sleep.catch(() => undefined)]);
    done.abort();
  }

  /** Nothing closes before a sweep by the newer rules has looked; one that is under way by the older ones tells nothing. */
  function judgeAnew(): void {
    reporter.judgeBy(options.rules());
    agenda.judgedAnew(clock.monotonic());
    sweeps.judgedAnew();
    noteStatus();
  }

  async function finishSweep({ scan, answers, isStale, beganAt }: EndedSweep): Promise<void> {
    const { startedAt, finishedAt, coverage } = scan;
    agenda.sweepEnded(clock.monotonic());
    if (isStale) return agenda.judgedAnew(clock.monotonic());
    lastSweep = { startedAt, finishedAt };
    await settling.swept();
    const telling = await tell({ ...scan, findings: hints.sweepFound(scan.findings), answers });
    if (telling === 'told') sweeps.told(answers);
    const { open, holes } = reporter.state;
    const counts = { findings: open.size, holes: holes.length, entries: coverage.entries };
    const ms = Math.round(clock.monotonic() - beganAt);
    log.info({ kind: scan.kind, verdict: reporter.verdict, ...counts, startedAt, finishedAt, ms }, 'swept');
    giveMemoryBack();
  }

  async function tell(scan: Scan): Promise<Telling> {
    const telling = await reporter.tell(scan);
    follow(telling);
    return telling;
  }

  function follow(telling: Telling): void {
    switch (telling) {
      case 'unchanged':
        return;
      case 'too-large':
        needSweep('a check found more than its reports hold');
        return;
      case 'told':
        agenda.told();
        options.onTold();
        break;
      case 'owed':
        agenda.owe('failed');
        break;
      default:
        telling satisfies never;
    }
    noteStatus();
  }

  function statusNow(): Status {
    const { kind, state, error, why, processes } = options.watcher().status;
    const { boot } = reporter.lastPlace();
    const { reports, bytes, trouble } = options.spool;
    const openFindings = [...reporter.state.open.values()];
    const shortage = options.memory?.look();
    return {
      schema: 'pristine.status/1',
      pid: process.pid,
      boot,
      instanceId: server.instanceId,
      image: options.image,
      rules: options.rules(),
      verdict: reporter.verdict,
      since: reporter.since,
      lastSweep,
      settled: settling.settled,
      openFindings: openFindings.filter(({ severity }) => severityAtLeast(severity, 'low')).length,
      holes: reporter.state.holes.length,
      connection: server.connection,
      spool: { reports, bytes, trouble, ...reporter.history },
      watcher: { kind, state, error, why, processes },
      footprint: options.footprint?.() ?? null,
      memoryShortage: shortage === undefined ? null : { ...shortage, sweepPutOff: isPutOff },
      updatedAt: timestamp(clock.now()),
    };
  }
}
