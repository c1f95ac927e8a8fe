import type { Logger } from 'pino';
import { type Clock, timestamp } from '../../shared/clock.ts';
import { sentenceOf } from '../../shared/errors.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import { decideVerdict, type Verdict } from '../../shared/verdict.ts';
import { emptyState, type OpenState } from '../open-state.ts';
import type { Scan } from '../scan.ts';
import { type BootCounter, bootMax } from '../state/boot-counter.ts';
import { applyScan, changesAnything } from './apply-scan.ts';
import { type Baseline, buildReports } from './report-builder.ts';
import { comparePlaces, type Place, type Spool } from './spool.ts';

/**
 * `told`: in the spool. `unchanged`: a check that found nothing new, which needs no report. `owed`: only a full report can
 * tell it now. `too-large`: a check whose differences are more than its reports hold; nothing has changed.
 */
export type Telling = 'told' | 'unchanged' | 'owed' | 'too-large';

/** Keeps what is known of the instance and its place in the order, and turns each scan into spooled reports. */
export interface Reporter {
  readonly state: OpenState;
  readonly verdict: Verdict;
  /** When the verdict last changed. */
  readonly since: string;
  lastPlace(): Place;
  tell(scan: Scan): Promise<Telling>;
  /** From now on scans are by these rules: a full report is owed, and what is known stands until it. */
  judgeBy(rules: number): void;
  /**
   * After a disagreement with the server: forgets what is spooled, and goes on in a boot later than the server has seen.
   * A full report is owed then.
   */
  beginAnew(acked: Place | null): Promise<void>;
}

export interface ReporterOptions {
  readonly baseline: Baseline;
  readonly boot: BootCounter;
  readonly spool: Spool;
  /** What was known when the agent last ended. */
  readonly known?: OpenState | undefined;
  save(state: OpenState): Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Of one check. A sweep tells what is more. */
const checkReportsMax = 32;

export function createReporter(options: ReporterOptions): Reporter {
  const { boot, spool, clock, log } = options;
  let { baseline } = options;
  let state = options.known ?? emptyState;
  let seq = 0;
  let hasSwept = false;
  let verdict: Verdict = 'unverifiable';
  let since = timestamp(clock.now());

  return {
    get state() {
      return state;
    },
    get verdict() {
      return verdict;
    },
    get since() {
      return since;
    },
    lastPlace: () => ({ boot: boot.current, seq }),
    async tell(scan) {
      const applied = applyScan(state, scan);
      if (scan.kind === 'check' && !changesAnything(state, applied)) {
        // Who did it and how often is told with the next full report.
        state = applied.state;
        return 'unchanged';
      }
      const drafts = buildReports(() => uuidv7(clock.now()), scan, state, applied, baseline);
      if (scan.kind === 'check' && drafts.length > checkReportsMax) return 'too-large';

      state = applied.state;
      hasSwept ||= scan.kind !== 'check';
      judge();
      const reports = drafts.map((draft, index) => ({ ...draft, boot: boot.current, seq: seq + index + 1 }));
      // Also when this fails: what is on its way must never be another report of the same place.
      seq += reports.length;
      try {
        const fate = await spool.append(reports);
        if (fate === 'held') {
          log.error({ reports: reports.length }, 'the disk takes no reports: they are held in memory for the server');
        }
        if (fate !== 'dropped') return 'told';
        log.warn({ reports: reports.length }, 'the spool was full and is dropped: a sweep will tell everything');
      } catch (error) {
        log.error({ reason: sentenceOf(error) }, 'a report could not be spooled: a sweep will tell everything');
      } finally {
        await options
          .save(state)
          .catch((error) => log.warn({ reason: sentenceOf(error) }, 'what is known could not be saved'));
      }
      return 'owed';
    },
    judgeBy(rules) {
      baseline = { ...baseline, rules };
    },
    async beginAnew(acked) {
      const last = { boot: boot.current, seq };
      log.error({ acked, last }, 'agent and server disagree about the order of reports: all is told anew');
      await spool.clear();
      if (acked === null || comparePlaces(acked, last) <= 0) return;
      if (acked.boot >= bootMax) return log.error({ boot: acked.boot }, 'the server claims an impossible boot');
      await boot.raise(acked.boot);
      seq = 0;
    },
  };

  function judge(): void {
    const severities = [...state.open.values()].map(({ severity }) => severity);
    const next = decideVerdict({ severities, holes: state.holes.length, scanned: hasSwept, expired: false });
    if (next === verdict) return;
    verdict = next;
    since = timestamp(clock.now());
  }
}
