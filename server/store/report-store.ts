import type { Db } from './database.ts';

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
  await db
    .insertInto('report')
    .values({
      instance_id: report.instanceId,
      boot: report.boot,
      seq: report.seq,
      scan_id: report.scanId,
      opened: report.opened,
      cleared: report.cleared,
      received_at: report.receivedAt,
    })
    .execute();
}
