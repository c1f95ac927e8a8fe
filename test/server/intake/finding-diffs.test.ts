import { beforeEach, describe, expect, it } from 'vitest';
import { applyReport } from '../../../server/intake/apply-report.ts';
import type { Db } from '../../../server/store/database.ts';
import { findDrift } from '../../../server/store/views/drifts-view.ts';
import { listFindings } from '../../../server/store/views/findings-view.ts';
import type { ReportMessage } from '../../../shared/protocol.ts';
import { aFinding, anInstanceRow, aTime } from '../../support/builders.ts';
import { aDatabase } from '../../support/database.ts';
import { aReport } from '../../support/reports.ts';

const start = Date.parse(aTime);
const sshd = aFinding();

describe('a diff that an agent sends', () => {
  let db: Db;
  let id: string;
  beforeEach(async () => {
    db = await aDatabase();
    const row = anInstanceRow({ boot: 0, seq: 0 });
    id = row.id;
    await db.insertInto('instance').values(row).execute();
  });
  const apply = (report: ReportMessage, now = start + 1_000) =>
    applyReport({ db, now, evidenceTtlMs: 3_600_000 }, id, report);

  it('is kept for the instance that sent it, and not for the drift', async () => {
    const diff = { text: '@@ -1 +1 @@\n-a\n+b\n', redactions: 0, truncated: false };
    await apply(aReport({ opened: [{ ...sshd, diff }, aFinding({ name: '/etc/motd' })] }));

    const { items } = await listFindings(db, id, { limit: 10 });
    const drift = await findDrift(db, sshd.fingerprint);

    expect(items.map((finding) => finding.diff)).toEqual([undefined, diff]);
    expect(JSON.stringify(drift)).not.toContain('@@');
  });

  it('is kept of so many findings, of those that are open before those that are closed', async () => {
    const diff = { text: '+a\n', redactions: 0, truncated: false };
    const many = (count: number, from: number) =>
      Array.from({ length: count }, (_, n) => ({ ...aFinding({ name: `/etc/cron.d/${from + n}` }), diff }));
    await apply(aReport({ opened: many(200, 0) }));
    await apply(aReport({ seq: 2, opened: many(200, 1_000) }), start + 2_000);

    const { items } = await listFindings(db, id, { limit: 500 });
    const withDiff = items.filter((finding) => finding.diff !== undefined);

    expect(items).toHaveLength(400);
    expect(withDiff).toHaveLength(256);
    expect(withDiff.filter(({ closedAt }) => closedAt === null)).toHaveLength(200);
  });

  it('is forgotten when the agent sends the finding without it', async () => {
    const diff = { text: '+a\n', redactions: 0, truncated: false };
    await apply(aReport({ opened: [{ ...sshd, diff }] }));
    await apply(aReport({ seq: 2, opened: [sshd] }));

    expect((await listFindings(db, id, { limit: 10 })).items[0]).not.toHaveProperty('diff');
  });
});
