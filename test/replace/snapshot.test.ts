import { expect, it } from 'vitest';
import { takeSnapshot } from '../../server/replace/snapshot.ts';
import { openDatabase } from '../../server/store/database.ts';
import { aTime } from '../support/builders.ts';
import { insertFinding, insertGroup, insertInstance } from '../support/rows.ts';

it('keeps the grave drift of an instance that has more slight ones than a cause may name', async () => {
  const db = await openDatabase({ file: ':memory:' });
  await insertGroup(db);
  const id = await insertInstance(db, { verdict: 'drifted', taint_severity: 'high', taint_at: aTime });
  for (let index = 0; index < 1_000; index += 1) await insertFinding(db, id, { name: `/${index}`, severity: 'low' });
  const grave = await insertFinding(db, id, { name: '/grave', severity: 'high' });
  await db
    .updateTable('finding')
    .set({ first_seen_at: '2026-01-01T00:00:01.000Z' })
    .where('fingerprint', '=', grave)
    .execute();

  const sources = { db, machines: new Map(), isOnline: () => true, evidenceTtlMs: 3_600_000 };
  const { groups } = await takeSnapshot(sources, Date.parse(aTime));

  const drifts = groups.get('web')?.instances[0]?.drifts ?? [];
  expect(drifts).toHaveLength(1_000);
  expect(drifts[0]).toMatchObject({ fingerprint: grave, severity: 'high' });
});
