import { expect, it } from 'vitest';
import { takeSnapshot } from '../../../server/replace/snapshot.ts';
import { openDatabase } from '../../../server/store/database.ts';
import { timestamp } from '../../../shared/clock.ts';
import { aTime } from '../../support/builders.ts';
import { insertFinding, insertGroup, insertInstance, insertReplacement } from '../../support/rows.ts';

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

  const sources = { db, machines: new Map(), isOnline: () => true, hasReported: () => true, evidenceTtlMs: 3_600_000 };
  const { groups } = await takeSnapshot(sources, Date.parse(aTime));

  const drifts = groups.get('web')?.instances[0]?.drifts ?? [];
  expect(drifts).toHaveLength(1_000);
  expect(drifts[0]).toMatchObject({ fingerprint: grave, severity: 'high', shape: 'modified file /grave' });
});

it.each([
  ['counts a reset of the breaker', '2026-01-01T00:00:00.000Z', Date.parse(aTime)],
  ['counts one that a corrected clock puts a little ahead', '2026-01-01T00:01:00.000Z', Date.parse(aTime) + 60_000],
  [
    'counts none from far ahead: the clock was set back, and no taint would open the breaker',
    '2027-01-01T00:00:00.000Z',
    0,
  ],
])('%s', async (_, resetAt, counted) => {
  const db = await openDatabase({ file: ':memory:' });
  await insertGroup(db);
  await db.updateTable('instance_group').set({ breaker_reset_at: resetAt }).execute();

  const sources = { db, machines: new Map(), isOnline: () => true, hasReported: () => true, evidenceTtlMs: 3_600_000 };
  const { groups } = await takeSnapshot(sources, Date.parse(aTime));

  expect(groups.get('web')?.breakerResetAt).toBe(counted);
});

it('knows how long nearly all of the last replacements of a group took to where there is no way back', async () => {
  const db = await openDatabase({ file: ':memory:' });
  await insertGroup(db);
  const typicalMs = async () => {
    const sources = {
      db,
      machines: new Map(),
      isOnline: () => true,
      hasReported: () => true,
      evidenceTtlMs: 3_600_000,
    };
    return (await takeSnapshot(sources, Date.parse(aTime))).groups.get('web')?.typicalMs;
  };
  const passed = async (minutes: number) => {
    const id = await insertReplacement(db, { state: 'succeeded' });
    const at = timestamp(Date.parse(aTime) + minutes * 60_000);
    await db
      .insertInto('replacement_step')
      .values({ replacement_id: id, n: 1, state: 'terminating', detail: '', at })
      .execute();
  };

  await passed(3);
  await passed(9);
  expect(await typicalMs()).toBeNull();
  for (let minutes = 4; minutes < 21; minutes++) await passed(minutes);
  await passed(600);

  // Of twenty, one may be as late as it likes.
  expect(await typicalMs()).toBe(20 * 60_000);
});

it('knows how those were drifted that were replaced within a week', async () => {
  const db = await openDatabase({ file: ':memory:' });
  await insertGroup(db);
  const day = (n: number) => timestamp(Date.parse(aTime) - n * 86_400_000);
  const shapes = JSON.stringify(['modified file /etc/motd']);
  const state = 'succeeded';
  const id = await insertReplacement(db, { state, shapes, created_at: day(6), old_instance_id: 'i' });
  await insertReplacement(db, { state, shapes, created_at: day(8) });
  await insertReplacement(db, { state, created_at: day(1) });

  const sources = { db, machines: new Map(), isOnline: () => true, hasReported: () => true, evidenceTtlMs: 3_600_000 };
  const { groups } = await takeSnapshot(sources, Date.parse(aTime));

  expect(groups.get('web')?.replaced).toEqual([
    { replacementId: id, instanceId: 'i', at: Date.parse(day(6)), shapes: ['modified file /etc/motd'] },
  ]);
});
