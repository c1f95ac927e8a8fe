import type { Db } from './database.ts';
import { gapsOf, prepared } from './prepared.ts';
import type { ReportTable } from './scan-tables.ts';

/** That a report was applied and changed something. Its key makes a second time impossible, whatever else goes wrong. */
export async function insertReport(
  db: Db,
  report: {
    readonly instanceId: string;
    readonly boot: number;
    readonly seq: number;
    readonly scanId: string;
    readonly opened: number;
    readonly cleared: number;
    readonly receivedAt: string;
  },
): Promise<void> {
  await insert(db, {
    instance_id: report.instanceId,
    boot: report.boot,
    seq: report.seq,
    scan_id: report.scanId,
    opened: report.opened,
    cleared: report.cleared,
    received_at: report.receivedAt,
  });
}

const insert = prepared<ReportTable>()((db, gap) => db.insertInto('report').values(gapsOf(columns, gap)));
const columns = ['instance_id', 'boot', 'seq', 'scan_id', 'opened', 'cleared', 'received_at'] as const;
