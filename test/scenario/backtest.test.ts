import { expect, it } from 'vitest';
import { createForesight } from '../../server/replace/foresight.ts';
import { timestamp } from '../../shared/clock.ts';
import { Policy } from '../../shared/policy.ts';
import { aReplacementWorld, type ReplacementWorld } from '../support/replacement-world.ts';
import { insertFinding } from '../support/rows.ts';

const minuteMs = 60_000;
const evidenceTtlMs = 3 * 3_600_000;

/** Drift of its own kind, as intake leaves it. */
async function drift({ db, clock }: ReplacementWorld, id: string, severity: 'low' | 'high' = 'high'): Promise<void> {
  const at = timestamp(clock.now());
  const fingerprint = await insertFinding(db, id, { name: `/srv/${id}`, severity });
  const times = { first_seen_at: at, last_seen_at: at, tainting_since: at };
  await db.updateTable('finding').set(times).where('fingerprint', '=', fingerprint).execute();
  const tainted = { verdict: 'drifted' as const, taint_severity: severity, taint_at: at };
  await db.updateTable('instance').set(tainted).where('id', '=', id).execute();
}

async function ask(world: ReplacementWorld, policy: Record<string, unknown>, days = 1) {
  const foresight = createForesight({
    ...{ db: world.db, clock: world.clock, survey: world.control().survey, evidenceTtlMs },
  });
  const given = Policy.parse({ kind: 'Policy', name: 'web', select: { group: 'web' }, ...policy });
  const { backtest } = await foresight.simulate({ policies: [given], days });
  return backtest!;
}
const live = { triggers: [{ drift: { severity: 'low', settle: '1m' } }], budgets: [{ max: 1 }] };

it('says that what happened would have happened: whom, when, and in what order', async () => {
  const world = await aReplacementWorld(live);
  const controller = world.control();
  const isOver = async (count: number) =>
    (await world.replacements()).filter(({ state }) => state === 'succeeded').length === count;
  const [first, second, third] = world.instances as [string, string, string];
  await drift(world, first);
  await world.until(controller, async () => (await world.replacements()).length === 1);
  await drift(world, second);
  await world.until(controller, () => isOver(2), 600);
  world.clock.advance(30 * minuteMs);
  await drift(world, third);
  await world.until(controller, () => isOver(3), 600);

  const told = await ask(world, { ...live, mode: 'enforce' });

  const rows = await world.db.selectFrom('replacement').selectAll().orderBy('id').execute();
  expect(told.starts.map(({ instanceId }) => instanceId)).toEqual(rows.map((row) => row.old_instance_id));
  for (const [n, { at }] of told.starts.entries())
    expect(Math.abs(Date.parse(at) - Date.parse(rows[n]!.created_at))).toBeLessThan(10_000);
  expect(told).toMatchObject({ replaced: 3, mostAtOnce: 1, waiting: 0, trips: [], coarsestMs: 0 });
  expect(told.heldBack.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['settle', 'budget']));
});
