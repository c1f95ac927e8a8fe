import { expect, it } from 'vitest';
import { readRolloutRecords, sinceOf } from '../../../server/replace/rollout-record.ts';
import { beginRollout } from '../../../server/store/rollout-store.ts';
import { timestamp } from '../../../shared/clock.ts';
import { aGroup } from '../../support/builders.ts';
import { aDatabase } from '../../support/database.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');
const dayMs = 86_400_000;

it.each([
  ['before', now - dayMs, now - dayMs],
  ['at a time to come, before the clock was set back,', now + dayMs, 0],
] as const)('a rollout that began %s counts what was bad since', async (_when, begunAt, since) => {
  const db = await aDatabase();
  await beginRollout(db, 'web', 'web@7', timestamp(begunAt));
  await db
    .updateTable('rollout')
    .set({ resumed_at: timestamp(begunAt) })
    .execute();

  const sources = { groups: [aGroup()], images: new Map(), silentIn: () => new Set<string>() };
  const record = (await readRolloutRecords(db, sources, now)).get('web')?.get('web@7');

  expect(record && sinceOf(record)).toBe(since);
});
