import { beforeEach, describe, expect, it } from 'vitest';
import { endAbsence, isAbsence, noteListening, readAbsence } from '../../../server/fleet/absence.ts';
import type { Db } from '../../../server/store/database.ts';
import { timestamp } from '../../../shared/clock.ts';
import { silentAfterMs } from '../../../shared/protocol.ts';
import { aTime } from '../../support/builders.ts';
import { aDatabase } from '../../support/database.ts';
import { insertInstance } from '../../support/rows.ts';

const leftAt = Date.parse(aTime);
const longMs = 900_001;
const nobody = { machines: new Map(), hasReported: () => false };
let db: Db;

beforeEach(async () => {
  db = await aDatabase();
});

const heardAt = (ms: number) => ({ last_seen_at: timestamp(ms) });

describe('an absence of the server', () => {
  it.each([
    ['none of a quarter of an hour', 900_000, false],
    ['one of more', longMs, true],
    ['none where the clock was corrected', -60_000, false],
    ['one where the clock was set back, since it does not say how long that was', -60_001, true],
  ])('is %s', (_, gapMs, expected) => {
    expect(isAbsence(gapMs)).toBe(expected);
  });

  it('is none for a server that never listened before', async () => {
    expect(await readAbsence(db, nobody, leftAt)).toBeNull();
  });

  it('is found before and after the server first writes that it is back, and stays until it is ended', async () => {
    const backAt = leftAt + longMs;
    const absence = { since: leftAt, expected: 0, reported: 0 };
    await noteListening(db, leftAt);

    expect(await readAbsence(db, nobody, backAt)).toEqual(absence);
    await noteListening(db, backAt);
    await noteListening(db, backAt + 60_000);
    expect(await readAbsence(db, nobody, backAt + 60_000)).toEqual(absence);
    await noteListening(db, backAt + 2 * longMs);
    expect(await readAbsence(db, nobody, backAt + 2 * longMs)).toEqual(absence);

    await endAbsence(db, backAt + 2 * longMs);
    expect(await readAbsence(db, nobody, backAt + 2 * longMs)).toBeNull();
  });

  it('expects those that were online when it began and have a machine still, and nobody else', async () => {
    await noteListening(db, leftAt);
    const online = await insertInstance(db, { provider_id: 'there', ...heardAt(leftAt - silentAfterMs) });
    const byHand = await insertInstance(db, { provider_id: null, ...heardAt(leftAt) });
    const unlisted = await insertInstance(db, { group_name: 'unlisted', ...heardAt(leftAt) });
    await insertInstance(db, { provider_id: 'ended', ...heardAt(leftAt) });
    await insertInstance(db, { provider_id: 'there too', ...heardAt(leftAt - silentAfterMs - 1) });
    await insertInstance(db, { provider_id: 'retired', lifecycle: 'retired', ...heardAt(leftAt) });
    const asked: string[] = [];
    const machines = new Map([
      ['web', ['there', 'there too', 'retired'].map((providerId) => ({ providerId }))],
      ['unlisted', null],
    ]);

    const hasReported = (id: string) => asked.push(id) > 1;
    const absence = await readAbsence(db, { machines, hasReported }, leftAt + longMs);

    expect(absence).toEqual({ since: leftAt, expected: 3, reported: 2 });
    expect(asked.sort()).toEqual([online, byHand, unlisted].sort());
  });
});
