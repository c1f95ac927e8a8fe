import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Clock, timestamp } from '../../shared/clock.ts';
import { type GapReason, HistoryGap } from '../../shared/protocol.ts';
import { writeDurably } from '../state/durable-file.ts';

/** What of the history is lost and not told yet. Counted on disk, as far as it takes anything, so that no crash makes it less. */
export interface GapLedger {
  readonly gaps: readonly HistoryGap[];
  note(reason: GapReason, reports: number, findings?: number): Promise<void>;
  /** Of reports that are gone themselves. */
  noteAgain(gaps: readonly HistoryGap[]): Promise<void>;
  /** A report that tells of all of it is spooled. */
  told(): Promise<void>;
}

const Gaps = z.array(HistoryGap);

export async function openGapLedger(stateDir: string, clock: Pick<Clock, 'now'>): Promise<GapLedger> {
  const path = join(stateDir, 'gaps.json');
  let gaps = await readGaps(path);
  const noteAgain = async (more: readonly HistoryGap[]) => {
    if (more.length === 0) return;
    gaps = sumOfGaps([...gaps, ...more]);
    await writeDurably(path, JSON.stringify(gaps)).catch(() => undefined);
  };
  return {
    get gaps() {
      return gaps;
    },
    noteAgain,
    note: async (reason, reports, findings = 0) => {
      if (reports > 0) await noteAgain([{ reason, reports, findings, since: timestamp(clock.now()) }]);
    },
    async told() {
      if (gaps.length === 0) return;
      gaps = [];
      await rm(path, { force: true }).catch(() => undefined);
    },
  };
}

/** One of each reason, as old as the oldest. */
export function sumOfGaps(gaps: readonly HistoryGap[]): readonly HistoryGap[] {
  const sums = new Map<GapReason, HistoryGap>();
  for (const gap of gaps) {
    const { reason, reports, findings, since } = sums.get(gap.reason) ?? { ...gap, reports: 0, findings: 0 };
    sums.set(reason, {
      reason,
      reports: reports + gap.reports,
      findings: findings + gap.findings,
      since: [gap.since, since].toSorted()[0]!,
    });
  }
  return [...sums.values()];
}

async function readGaps(path: string): Promise<readonly HistoryGap[]> {
  try {
    return Gaps.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return [];
  }
}
