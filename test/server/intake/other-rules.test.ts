import { beforeEach, describe, expect, it } from 'vitest';
import { applyReport } from '../../../server/intake/apply-report.ts';
import { rulesGraceMs } from '../../../server/intake/other-rules.ts';
import type { Db } from '../../../server/store/database.ts';
import { findInstance } from '../../../server/store/instance-store.ts';
import { timestamp } from '../../../shared/clock.ts';
import type { ReportMessage } from '../../../shared/protocol.ts';
import { anImageDigest, anInstanceRow, aTime } from '../../support/builders.ts';
import { aDatabase } from '../../support/database.ts';
import { aReport } from '../../support/reports.ts';

const start = Date.parse(aTime);
const hole = (sequence: number) => ({ subject: 'manifest', name: `rules ${sequence}`, reason: 'other-rules' });

let db: Db;
let id: string;
beforeEach(async () => {
  db = await aDatabase();
  await db
    .insertInto('image')
    .values({
      ...{ digest: anImageDigest, name: 'web', version: '7', manifest: '{}', rules: '{}', platform: '{}' },
      ...{ signed_by: '[]', pushed_at: aTime, entries: 1, rules_sequence: 1 },
    })
    .execute();
  const row = anInstanceRow({ boot: 0, seq: 0 });
  id = row.id;
  await db.insertInto('instance').values(row).execute();
});

async function activated(sequence: number, atMs = start) {
  await db
    .insertInto('rules')
    .values({
      ...{ image_name: 'web', sequence, digest: `${sequence}`, envelope: '{}', state: 'active', signed_by: '[]' },
      ...{ pushed_at: aTime, activated_at: timestamp(atMs), ended_at: null },
    })
    .execute();
}
async function afterReport(report: Partial<ReportMessage>, now = start + 1_000) {
  await applyReport({ db, now, evidenceTtlMs: 3_600_000 }, id, aReport(report));
  const { verdict, coverage } = (await findInstance(db, id))!;
  return { verdict, holes: coverage?.holes };
}

describe('the rules that a report was judged by', () => {
  it('are those that were baked, where there are no newer ones', async () => {
    expect(await afterReport({ rules: 1 })).toEqual({ verdict: 'in_sync', holes: [] });
    expect(await afterReport({ rules: 2, seq: 2 })).toEqual({ verdict: 'unverifiable', holes: [hole(2)] });
  });

  it('are a hole when they are not in force, until a sweep by those that are', async () => {
    await activated(2);
    const later = start + rulesGraceMs;

    expect(await afterReport({ rules: 1 }, later)).toEqual({ verdict: 'unverifiable', holes: [hole(1)] });
    expect(await afterReport({ rules: 2, seq: 2, full: false }, later)).toEqual({
      verdict: 'unverifiable',
      holes: [hole(1)],
    });
    expect(await afterReport({ rules: 1, seq: 3, full: false }, later)).toEqual({
      verdict: 'unverifiable',
      holes: [hole(1)],
    });
    expect(await afterReport({ rules: 2, seq: 4 }, later)).toEqual({ verdict: 'in_sync', holes: [] });
  });

  it('may be those of before while newer ones are on their way to all agents', async () => {
    await activated(2, start);

    expect(await afterReport({ rules: 1 }, start + rulesGraceMs - 1)).toEqual({ verdict: 'in_sync', holes: [] });
    expect(await afterReport({ rules: 3, seq: 2 }, start + 1)).toEqual({ verdict: 'unverifiable', holes: [hole(3)] });
  });
});
