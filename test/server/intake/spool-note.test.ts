import { beforeEach, describe, expect, it } from 'vitest';
import { applyReport } from '../../../server/intake/apply-report.ts';
import type { Db } from '../../../server/store/database.ts';
import { readEvents } from '../../../server/store/event-store.ts';
import { digestOf } from '../../../shared/digest.ts';
import type { ReportMessage, SpoolNote } from '../../../shared/protocol.ts';
import { aTime } from '../../support/builders.ts';
import { aDatabase } from '../../support/database.ts';
import { aReport } from '../../support/reports.ts';
import { insertInstance } from '../../support/rows.ts';

const spool: SpoolNote = {
  trouble: 'ENOSPC: no space left on device',
  gaps: [{ reason: 'merged', reports: 812, findings: 96, since: aTime }],
};

let db: Db;
let id: string;
beforeEach(async () => {
  db = await aDatabase();
  id = await insertInstance(db, { verdict: 'unverifiable', boot: 0, seq: 0, scan_id: null, coverage: null });
});

describe('what an agent could not keep', () => {
  it('is an event, once, however often the report comes', async () => {
    await apply(aReport({ spool }));
    await apply(aReport({ spool }));

    expect(await told()).toMatchObject([{ instanceId: id, group: 'web', data: { boot: 1, seq: 1, ...spool } }]);
  });

  it('wakes those who wait for events, also when nothing else has changed', async () => {
    await apply(aReport());

    expect(await apply(aReport({ seq: 2, spool }))).toMatchObject({ kind: 'applied', changed: true });
  });

  it('is told also by one that compares with another image', async () => {
    await apply(aReport({ image: digestOf('another'), spool }));

    expect(await told()).toHaveLength(1);
  });
});

function apply(report: ReportMessage) {
  return applyReport({ db, now: Date.parse(aTime) + 1_000, evidenceTtlMs: 3_600_000 }, id, report);
}

async function told() {
  return (await readEvents(db, { afterId: 0, limit: 100 })).filter(({ type }) => type === 'instance.spool');
}
