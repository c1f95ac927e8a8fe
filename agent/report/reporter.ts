import type { Logger } from 'pino';
import { type Clock, timestamp } from '../../shared/clock.ts';
import { sentenceOf } from '../../shared/errors.ts';
import type { ReportMessage } from '../../shared/protocol.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import { decideVerdict, type Verdict } from '../../shared/verdict.ts';
import { emptyState, type OpenState } from '../open-state.ts';
import type { Scan } from '../scan.ts';
import { type BootCounter, bootMax } from '../state/boot-counter.ts';
import { applyScan, changesAnything } from './apply-scan.ts';
import type { GapLedger } from './gap-ledger.ts';
import { mergeReports, type Untold } from './merge-reports.ts';
import { type Baseline, buildReports, type ReportDraft } from './report-builder.ts';
import { comparePlaces, type Dropped, type Place, type Spool } from './spool.ts';

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
  /** Since this start: scans whose reports were made one, and reports that were lost. */
  readonly history: { readonly merged: number; readonly lost: number };
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

export interface ReporterLimits {
  /** Scans that the server has not been told of; above it their reports are made one, */
  readonly untoldScansMax: number;
  /** and where they are more than a few, or two of them sweeps, above so much more than they were when that was last done. */
  readonly untoldBytesMax: number;
}

export interface ReporterOptions {
  readonly baseline: Baseline;
  readonly boot: BootCounter;
  readonly spool: Spool;
  readonly gaps: GapLedger;
  /** What was known when the agent last ended. */
  readonly known?: OpenState | undefined;
  save(state: OpenState): Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<ReporterLimits>;
}

/** Of one check. A sweep tells what is more. */
const checkReportsMax = 32;
const reporterLimits: ReporterLimits = { untoldScansMax: 64, untoldBytesMax: 8 * 1_048_576 };

export function createReporter(options: ReporterOptions): Reporter {
  const { boot, spool, gaps, clock, log } = options;
  const limits = { ...reporterLimits, ...options.limits };
  let { baseline } = options;
  let state = options.known ?? emptyState;
  let seq = 0;
  let hasSwept = false;
  let verdict: Verdict = 'unverifiable';
  let since = timestamp(clock.now());
  /** In the spool, of this boot and by these rules, and not sent when they were last looked at. */
  let untold: readonly (Untold & { readonly first: Place })[] = [];
  let bytesMerged = 0;
  let merged = 0;
  let lost = 0;
  let troubleTold: string | null = null;
  const newScanId = () => uuidv7(clock.now());

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
    get history() {
      return { merged, lost };
    },
    lastPlace: () => ({ boot: boot.current, seq }),
    async tell(scan) {
      const applied = applyScan(state, scan);
      if (scan.kind === 'check' && !changesAnything(state, applied)) {
        // Who did it and how often is told with the next full report.
        state = applied.state;
        return 'unchanged';
      }
      const before = state;
      const built = buildReports(newScanId, scan, before, applied, baseline);
      if (scan.kind === 'check' && built.length > checkReportsMax) return 'too-large';

      state = applied.state;
      hasSwept ||= scan.kind !== 'check';
      judge();
      await noteDamage();
      const drafts = withNote(built);
      const reports = drafts.map(placed(seq + 1));
      // Also when this fails: what is on its way must never be another report of the same place.
      seq += reports.length;
      try {
        const { fate, dropped } = await spool.append(reports);
        if (dropped.reports > 0) await noteLost('spool-full', dropped);
        if (fate === 'held') {
          log.error(
            { reports: reports.length, reason: spool.trouble },
            'the disk takes no reports: they are held in memory for the server',
          );
        }
        if (fate !== 'dropped') {
          await noteTold(drafts);
          const opened = drafts.flatMap((draft) => draft.opened.map(({ fingerprint }) => fingerprint));
          const again = new Set(opened.filter((one) => before.open.has(one)));
          const cleared = applied.cleared.flatMap((one) => before.open.get(one) ?? []);
          untold = [...untold, { drafts, again, cleared, first: reports[0]! }];
          await mergeUntold();
          return 'told';
        }
        await noteLost('spool-full', { reports: reports.length, gaps: [] });
        log.warn({ reports: reports.length }, 'the spool was full and is dropped: a sweep will tell everything');
      } catch (error) {
        await noteLost('not-stored', { reports: reports.length, gaps: [] });
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
      untold = [];
    },
    async beginAnew(acked) {
      const last = { boot: boot.current, seq };
      log.error({ acked, last }, 'agent and server disagree about the order of reports: all is told anew');
      const damaged = spool.takeDamaged();
      const dropped = await spool.clear();
      await noteLost(damaged > 0 ? 'unreadable' : 'disagreement', dropped);
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

  /** While nobody takes them: what is spooled grows with the subjects that change, and not with their changes. */
  async function mergeUntold(): Promise<void> {
    untold = untold.filter(({ first }) => comparePlaces(first, spool.handedOut) > 0);
    const sweeps = untold.filter(({ drafts }) => drafts[0]!.full).length;
    const isMuch = (untold.length > 3 || sweeps > 1) && spool.bytes - bytesMerged > limits.untoldBytesMax;
    if (untold.length <= limits.untoldScansMax && !isMuch) return;
    const { first, drafts: before } = untold[0]!;
    const result = mergeReports(untold, state, { baseline, trouble: spool.trouble, newScanId });
    const reports = result.untold.flatMap(({ drafts }) => drafts).map(placed(first.seq));
    // A sweep that comes first stays as it is, and is not written again.
    const stays = result.untold[0]!.drafts === before ? before.length : 0;
    if (!(await spool.replace(reports.slice(stays)))) return;
    merged += untold.length - result.untold.length;
    log.info({ scans: untold.length, reports: reports.length }, 'reports that wait for the server are made one');
    state = result.state;
    judge();
    let next = first.seq;
    untold = result.untold.map((one) => {
      const place = { boot: boot.current, seq: next };
      next += one.drafts.length;
      return { ...one, first: place };
    });
    seq = next - 1;
    bytesMerged = spool.bytes;
  }

  function placed(from: number): (draft: ReportDraft, index: number) => ReportMessage {
    return (draft, index) => ({ ...draft, boot: boot.current, seq: from + index });
  }

  /** The last of a scan's reports says what became of those before it. */
  function withNote(drafts: readonly ReportDraft[]): readonly ReportDraft[] {
    if (gaps.gaps.length === 0 && spool.trouble === troubleTold) return drafts;
    const note = { trouble: spool.trouble, gaps: [...gaps.gaps] };
    return drafts.map((draft, index) => (index < drafts.length - 1 ? draft : { ...draft, spool: note }));
  }

  async function noteTold(drafts: readonly ReportDraft[]): Promise<void> {
    const note = drafts.at(-1)!.spool;
    if (note === undefined) return;
    troubleTold = note.trouble;
    await gaps.told();
  }

  async function noteDamage(): Promise<void> {
    const damaged = spool.takeDamaged();
    lost += damaged;
    await gaps.note('unreadable', damaged);
  }

  async function noteLost(reason: 'spool-full' | 'not-stored' | 'unreadable' | 'disagreement', dropped: Dropped) {
    untold = [];
    bytesMerged = 0;
    lost += dropped.reports;
    await gaps.note(reason, dropped.reports);
    await gaps.noteAgain(dropped.gaps);
  }
}
