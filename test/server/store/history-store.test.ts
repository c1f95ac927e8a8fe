import { beforeEach, describe, expect, it } from 'vitest';
import { createHistoryKeeper, historyMsMax } from '../../../server/fleet/history.ts';
import type { Db } from '../../../server/store/database.ts';
import { pruneHistory } from '../../../server/store/history-store.ts';
import { insertReport } from '../../../server/store/report-store.ts';
import { createToken } from '../../../server/store/token-store.ts';
import { timestamp } from '../../../shared/clock.ts';
import { digestOf } from '../../../shared/digest.ts';
import { anImageDigest, aTime } from '../../support/builders.ts';
import { aDatabase } from '../../support/database.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { insertFinding, insertInstance } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

const before = timestamp(Date.parse(aTime) + 1_000);

let db: Db;
beforeEach(async () => {
  db = await aDatabase();
});

async function prune(): Promise<void> {
  for (let afterId: string | undefined = ''; afterId !== undefined; )
    afterId = await pruneHistory(db, { afterId, before });
}
const named = (name: string) => ({ name, closedAt: aTime });
const names = async (table: 'finding' | 'drift') =>
  table === 'drift'
    ? (await db.selectFrom('drift').select('name').orderBy('name').execute()).map((row) => row.name)
    : (
        await db
          .selectFrom('finding')
          .innerJoin('drift', 'drift.fingerprint', 'finding.fingerprint')
          .select('name')
          .orderBy('name')
          .execute()
      ).map((row) => row.name);

describe('history', () => {
  it('forgets a finding that closed before, and its drift with the last instance that had it', async () => {
    const one = await insertInstance(db);
    const other = await insertInstance(db);
    await insertFinding(db, one, named('/gone'));
    await insertFinding(db, one, named('/still-known'));
    await insertFinding(db, other, { name: '/still-known', closedAt: before });

    await prune();

    expect(await names('finding')).toEqual(['/still-known']);
    expect(await names('drift')).toEqual(['/still-known']);
  });

  it('keeps what is open, unless its instance is retired', async () => {
    await insertFinding(db, await insertInstance(db), { name: '/open' });
    await insertFinding(db, await insertInstance(db, { lifecycle: 'retired' }), { name: '/retired' });

    await prune();

    expect(await names('finding')).toEqual(['/open']);
  });

  it('keeps a closed finding as long as the taint that it explains', async () => {
    const tainted = { taint_severity: 'high', taint_at: aTime };
    await insertFinding(db, await insertInstance(db, tainted), named('/cause'));
    await insertFinding(db, await insertInstance(db, { ...tainted, taint_at: before }), named('/before'));

    await prune();

    expect(await names('finding')).toEqual(['/cause']);
  });

  it('forgets evidence and reports that ended before, and no others', async () => {
    const instanceId = await insertInstance(db);
    const counts = { instanceId, boot: 1, scanId: 'scan', opened: 1, cleared: 0 };
    for (const [index, at] of [aTime, before].entries()) {
      await insertReport(db, { ...counts, seq: index + 1, receivedAt: at });
      const said = { image_digest: anImageDigest, rules: 1, verdict: 'in_sync', state_digest: digestOf('state') };
      const span = { from_at: aTime, to_at: at, scans: 1 };
      await db
        .insertInto('evidence')
        .values({ instance_id: instanceId, ...said, ...span })
        .execute();
    }

    await prune();

    expect(await db.selectFrom('report').select('seq').execute()).toEqual([{ seq: 2 }]);
    expect(await db.selectFrom('evidence').select('to_at').execute()).toEqual([{ to_at: before }]);
  });

  it('reaches every instance, and every row of one that has many', async () => {
    for (let index = 0; index < 120; index += 1) await insertFinding(db, await insertInstance(db), named('/each'));
    const instanceId = await insertInstance(db);
    const report = { instanceId, boot: 1, scanId: 'scan', opened: 0, cleared: 0, receivedAt: aTime };
    await db.transaction().execute(async (tx) => {
      for (let seq = 1; seq <= 1_500; seq += 1) await insertReport(tx, { ...report, seq });
    });

    await prune();

    expect(await names('finding')).toEqual([]);
    expect(await db.selectFrom('report').select('seq').execute()).toEqual([]);
  });
});

describe('the history keeper', () => {
  it('looks once an hour, and at what has aged by then', async () => {
    const clock = createFakeClock(Date.parse(aTime));
    const quiet = () => {};
    const request = { group: 'web', imageDigest: anImageDigest, labels: {}, usesMax: 1, expiresInMs: 0 };
    await createToken(db, request, clock.now());
    const keeper = createHistoryKeeper({ db, clock, log: { info: quiet, warn: quiet, error: quiet } });
    const tokens = () => db.selectFrom('join_token').select('id').execute();

    keeper.start();
    clock.advance(historyMsMax);
    await until(async () => {
      clock.advance(3_600_000);
      return (await tokens()).length === 0;
    });
    await keeper.stop();

    expect(await tokens()).toEqual([]);
  });

  it('forgets nothing by a clock that was just set ten years ahead, nor by one with which the server has just started', async () => {
    const clock = createFakeClock(Date.parse(aTime));
    let setMs = 0;
    const set = { ...clock, now: () => clock.now() + setMs };
    let complaints = 0;
    const quiet = () => {};
    const log = {
      info: quiet,
      warn: quiet,
      error: () => {
        complaints += 1;
      },
    };
    const request = { group: 'web', imageDigest: anImageDigest, labels: {}, usesMax: 1, expiresInMs: 0 };
    await createToken(db, request, clock.now());
    const keeper = createHistoryKeeper({ db, clock: set, log });

    keeper.start();
    setMs = 10 * historyMsMax;
    clock.advance(3_600_000);
    await until(() => complaints === 1);
    await keeper.stop();
    const later = createHistoryKeeper({ db, clock: set, log });
    later.start();
    clock.advance(3_000_000);
    await later.stop();

    expect(await db.selectFrom('join_token').select('id').execute()).toHaveLength(1);
  });
});
