import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { pardon } from '../../../server/fleet/pardon.ts';
import { applyReport, type Outcome, openFindingsMax } from '../../../server/intake/apply-report.ts';
import type { Db } from '../../../server/store/database.ts';
import { readEvents } from '../../../server/store/event-store.ts';
import { openFindings } from '../../../server/store/finding-store.ts';
import { findInstance, setLifecycle } from '../../../server/store/instance-store.ts';
import { digestOf } from '../../../shared/digest.ts';
import type { ReportMessage } from '../../../shared/protocol.ts';
import { aFinding, anInstanceRow, aTime } from '../../support/builders.ts';
import { aDatabase } from '../../support/database.ts';
import { aReport } from '../../support/reports.ts';

const hour = 3_600_000;
const start = Date.parse(aTime);
const sshd = aFinding();
const motd = aFinding({ name: '/etc/motd', severity: 'low' });
const below = aFinding({ name: '/srv/data/file' });

let db: Db;
let id: string;
beforeEach(async () => {
  db = await aDatabase();
  const row = anInstanceRow({
    ...{ verdict: 'unverifiable', boot: 0, seq: 0, scan_id: null, scan_boot: null, scan_seq: null },
    ...{ scan_started_at: null, scan_finished_at: null, coverage: null, state_digest: null },
  });
  id = row.id;
  await db.insertInto('instance').values(row).execute();
});

function apply(report: ReportMessage, now = start + 1_000): Promise<Outcome> {
  return applyReport({ db, now, evidenceTtlMs: 3 * hour }, id, report);
}
async function instance() {
  return (await findInstance(db, id))!;
}
async function open() {
  return (await openFindings(db, id)).map((finding) => finding.fingerprint).sort();
}
async function eventTypes() {
  return (await readEvents(db, { afterId: 0, limit: 100 })).map((event) => event.type);
}

describe('a sweep', () => {
  it('turns a new instance in_sync when it lists nothing', async () => {
    expect(await apply(aReport())).toMatchObject({ kind: 'applied', changed: true, wantsScan: false });

    expect(await instance()).toMatchObject({ verdict: 'in_sync', taint: null, boot: 1, seq: 1 });
    expect(await eventTypes()).toEqual(['instance.verdict']);
  });

  it('opens what it lists, drifts and taints', async () => {
    await apply(aReport({ opened: [sshd, motd] }));

    expect(await instance()).toMatchObject({ verdict: 'drifted', taint: { severity: 'high' } });
    expect(await eventTypes()).toEqual(['drift.opened', 'instance.tainted', 'instance.verdict']);
  });

  it('closes what it does not list, and leaves the taint', async () => {
    await apply(aReport({ opened: [sshd] }));
    await apply(aReport({ seq: 2 }));

    expect(await open()).toEqual([]);
    expect(await instance()).toMatchObject({ verdict: 'in_sync', taint: { severity: 'high' } });
  });

  it('closes nothing that a hole hides', async () => {
    const holes = [{ subject: 'file', name: '/srv', reason: 'unreadable' } as const];
    await apply(aReport({ opened: [below, sshd] }));
    await apply(aReport({ seq: 2, holes, open: [below.fingerprint] }));

    expect(await open()).toEqual([below.fingerprint]);
    expect(await instance()).toMatchObject({ verdict: 'drifted' });
  });

  it('is unverifiable with a hole and no finding', async () => {
    await apply(aReport({ holes: [{ subject: 'file', name: '/srv', reason: 'unreadable' }] }));

    expect(await instance()).toMatchObject({ verdict: 'unverifiable' });
  });

  it('neither drifts nor taints by info', async () => {
    await apply(aReport({ opened: [aFinding({ severity: 'info' })] }));

    expect(await instance()).toMatchObject({ verdict: 'in_sync', taint: null });
    expect(await open()).toHaveLength(1);
  });

  it('writes no report row and no event when nothing changed', async () => {
    await apply(aReport());
    const outcome = await apply(aReport({ seq: 2 }));

    expect(outcome).toMatchObject({ kind: 'applied', changed: false });
    expect(await db.selectFrom('report').selectAll().execute()).toHaveLength(1);
  });

  it('of another image opens nothing, closes nothing, and is unverifiable', async () => {
    await apply(aReport());
    await apply(aReport({ seq: 2, image: digestOf('another'), opened: [sshd] }));

    expect(await open()).toEqual([]);
    expect(await instance()).toMatchObject({ verdict: 'unverifiable', taint: null });

    await apply(aReport({ seq: 3, full: false }));
    expect(await instance()).toMatchObject({ verdict: 'unverifiable' });

    await apply(aReport({ seq: 4 }));
    expect(await instance()).toMatchObject({ verdict: 'in_sync' });
  });

  it('is not dated later than it came', async () => {
    await apply(aReport({ startedAt: '2036-01-01T00:00:00.000Z', finishedAt: '2036-01-01T00:00:01.000Z' }));

    const now = '2026-01-01T00:00:01.000Z';
    expect(await instance()).toMatchObject({ scan: { startedAt: now, finishedAt: now } });
  });
});

describe('a sweep in parts', () => {
  const scanId = '019b76da-a800-7000-8000-000000000001';
  const part = (n: number, rest: Parameters<typeof aReport>[0] = {}) =>
    aReport({ seq: n + 1, scanId, part: n, parts: 3, ...rest });

  beforeEach(() => apply(aReport({ opened: [sshd, below] })));

  it('closes only with its last part', async () => {
    await apply(part(1, { opened: [motd] }));
    await apply(part(2));
    expect(await open()).toHaveLength(3);

    await apply(part(3, { open: [motd.fingerprint] }));
    expect(await open()).toEqual([motd.fingerprint]);
  });

  it('stores nothing of a part that came too early', async () => {
    await apply(part(1));
    const outcome = await apply(part(3));

    expect(outcome).toEqual({ kind: 'out-of-order', last: { boot: 1, seq: 2 } });
    expect(await open()).toHaveLength(2);
  });

  it('closes nothing when a check came between its parts, and asks for a sweep', async () => {
    await apply(part(1));
    await apply(
      aReport({ seq: 3, full: false, opened: [motd], open: [sshd, below, motd].map((one) => one.fingerprint) }),
    );
    await apply(part(2, { seq: 4 }));
    const outcome = await apply(part(3, { seq: 5 }));

    expect(outcome).toMatchObject({ kind: 'applied', wantsScan: true });
    expect(await open()).toHaveLength(3);
  });

  it('closes nothing when another sweep began between its parts', async () => {
    await apply(part(1));
    await apply(aReport({ seq: 3, part: 1, parts: 2, opened: [sshd] }));
    await apply(part(2, { seq: 4 }));
    await apply(part(3, { seq: 5 }));

    expect(await open()).toHaveLength(2);
  });

  it('closes nothing when its parts are of two boots', async () => {
    await apply(part(1));
    await apply(part(1, { boot: 2, seq: 1 }));
    await apply(part(2, { boot: 2, seq: 2, scanId: '019b76da-a800-7000-8000-000000000002' }));
    await apply(part(3, { boot: 2, seq: 3 }));

    expect(await open()).toHaveLength(2);
  });

  it('drifts with the part that says so, and leaves the evidence to the last', async () => {
    await apply(aReport({ seq: 2 }));
    const before = await instance();
    await apply(part(1, { seq: 3, opened: [sshd] }));

    expect(await instance()).toMatchObject({ verdict: 'drifted', scan: before.scan });
  });
});

describe('a check', () => {
  beforeEach(() => apply(aReport({ opened: [motd] })));

  it('opens and clears, and leaves the evidence of the last sweep', async () => {
    const before = await instance();
    await apply(aReport({ seq: 2, full: false, opened: [sshd], cleared: [motd.fingerprint] }));

    expect(await open()).toEqual([sshd.fingerprint]);
    expect((await instance()).scan).toEqual(before.scan);
  });

  it('may have parts, each for itself', async () => {
    const check = { full: false, parts: 2, scanId: '019b76da-a800-7000-8000-000000000003' };
    const both = [motd.fingerprint, sshd.fingerprint];
    const first = await apply(aReport({ ...check, seq: 2, opened: [sshd], open: both }));
    const second = await apply(aReport({ ...check, seq: 3, part: 2, cleared: both }));

    expect([first, second]).toMatchObject([{ wantsScan: false }, { wantsScan: false }]);
    expect(await instance()).toMatchObject({ verdict: 'in_sync' });
  });

  it('knows the holes of now', async () => {
    const holes = [{ subject: 'file', name: '/srv', reason: 'unstable' } as const];
    await apply(aReport({ seq: 2, full: false, cleared: [motd.fingerprint], holes }));
    expect(await instance()).toMatchObject({ verdict: 'unverifiable' });

    await apply(aReport({ seq: 3, full: false }));
    expect(await instance()).toMatchObject({ verdict: 'in_sync' });
  });

  it('does not clear what one of its own holes hides', async () => {
    const holes = [{ subject: 'file', name: '/etc', reason: 'unreadable' } as const];
    const outcome = await apply(aReport({ seq: 2, full: false, cleared: [motd.fingerprint], holes }));

    expect(await open()).toEqual([motd.fingerprint]);
    expect(outcome).toMatchObject({ wantsScan: true });
  });

  it('does not clear what it also opens', async () => {
    await apply(aReport({ seq: 2, full: false, opened: [motd], cleared: [motd.fingerprint] }));

    expect(await open()).toEqual([motd.fingerprint]);
  });

  it('asks for a sweep when the two ends disagree', async () => {
    const outcome = await apply(aReport({ seq: 2, full: false, stateDigest: digestOf('other') }));

    expect(outcome).toMatchObject({ kind: 'applied', wantsScan: true });
  });
});

describe('order', () => {
  beforeEach(() => apply(aReport({ boot: 2, seq: 3, opened: [sshd] })));

  it.each([
    ['the same report', { boot: 2, seq: 3 }],
    ['an earlier one', { boot: 2, seq: 1 }],
    ['one of an earlier boot', { boot: 1, seq: 9 }],
  ])('applies %s no second time', async (_, position) => {
    const outcome = await apply(aReport({ ...position, opened: [motd] }));

    expect(outcome).toMatchObject({ kind: 'duplicate' });
    expect(await open()).toEqual([sshd.fingerprint]);
  });

  it.each([
    ['a check after a gap', { boot: 2, seq: 5, full: false }],
    ['a later part after a gap', { boot: 2, seq: 5, part: 2, parts: 2 }],
    ['a boot that begins with a check', { boot: 3, seq: 1, full: false }],
    ['a boot that begins with a second part', { boot: 3, seq: 1, part: 2, parts: 2 }],
  ])('stores nothing of %s', async (_, report) => {
    expect(await apply(aReport(report))).toEqual({ kind: 'out-of-order', last: { boot: 2, seq: 3 } });
    expect(await instance()).toMatchObject({ boot: 2, seq: 3 });
  });

  it.each([
    ['the next', { boot: 2, seq: 4, full: false }],
    ['a sweep after a gap', { boot: 2, seq: 9 }],
    ['a sweep that begins a boot', { boot: 7, seq: 1 }],
  ])('applies %s', async (_, report) => {
    expect(await apply(aReport(report))).toMatchObject({ kind: 'applied' });
  });
});

describe('taint', () => {
  it('is lifted by a pardon, and not brought back by what is merely seen again', async () => {
    await apply(aReport({ opened: [sshd] }));
    await pardon(db, { instanceId: id, reason: 'known', actor: 'admin' }, start);
    await apply(aReport({ seq: 2, opened: [sshd] }));
    expect(await instance()).toMatchObject({ verdict: 'drifted', taint: null });

    await apply(aReport({ seq: 3, opened: [sshd, motd] }));
    expect(await instance()).toMatchObject({ taint: { severity: 'low' } });
  });

  it('rises with severity and keeps its beginning', async () => {
    await apply(aReport({ opened: [motd] }));
    const { taint } = await instance();
    await apply(aReport({ seq: 2, opened: [{ ...motd, severity: 'critical' }] }), start + hour);

    expect(await instance()).toMatchObject({ taint: { severity: 'critical', since: taint?.since } });
  });

  it('cannot be pardoned when there is none', async () => {
    const attempt = pardon(db, { instanceId: id, reason: 'why', actor: 'admin' }, start);

    await expect(attempt).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('evidence', () => {
  const at = (ms: number) => new Date(start + ms).toISOString();
  const sweep = (seq: number, ms: number, rest: Parameters<typeof aReport>[0] = {}) =>
    apply(aReport({ seq, startedAt: at(ms), finishedAt: at(ms), ...rest }), start + ms);
  const rows = () => db.selectFrom('evidence').select(['verdict', 'from_at', 'to_at', 'scans']).orderBy('id').execute();

  it('is one row for sweeps that say the same', async () => {
    await sweep(1, 0);
    await sweep(2, hour);
    await sweep(3, 2 * hour);

    expect(await rows()).toEqual([{ verdict: 'in_sync', from_at: at(0), to_at: at(2 * hour), scans: 3 }]);
  });

  it('does not cover a time in which nothing was looked at', async () => {
    await sweep(1, 0);
    await sweep(2, 5 * hour);

    expect(await rows()).toHaveLength(2);
  });

  it('begins anew when the clock was set back', async () => {
    await sweep(1, hour);
    await sweep(2, 0);

    expect(await rows()).toMatchObject([{ from_at: at(hour) }, { from_at: at(0), to_at: at(0) }]);
  });

  it('begins anew with another verdict', async () => {
    await sweep(1, 0);
    await sweep(2, hour, { opened: [sshd] });

    expect(await rows()).toMatchObject([{ verdict: 'in_sync' }, { verdict: 'drifted' }]);
  });
});

it('stores one drift for many instances, without what its fingerprint does not cover', async () => {
  const other = anInstanceRow({ boot: 0, seq: 0 });
  await db.insertInto('instance').values(other).execute();
  await apply(aReport({ opened: [{ ...sshd, expected: { ...sshd.expected, mode: '0644' } }] }));
  await applyReport({ db, now: start, evidenceTtlMs: hour }, other.id, aReport({ opened: [sshd] }));

  const drifts = await db.selectFrom('drift').selectAll().execute();
  expect(drifts).toHaveLength(1);
  expect(JSON.parse(drifts[0]!.expected)).toEqual(sshd.expected);
});

it('applies nothing to a retired instance', async () => {
  await setLifecycle(db, id, 'retired', aTime);

  expect(await apply(aReport())).toEqual({ kind: 'retired' });
});

it('takes a part of two thousand findings', async () => {
  const opened = Array.from({ length: 2_000 }, (_, n) => aFinding({ name: `/usr/share/${n}` }));
  const outcome = await apply(aReport({ opened }));

  expect(outcome).toMatchObject({ kind: 'applied', wantsScan: false });
  expect(await open()).toHaveLength(2_000);
});

it('takes no more open findings than its limit, and keeps what it has', async () => {
  await apply(aReport({ opened: [sshd] }));
  const numbers = sql`with recursive n(i) as (select 2 union all select i + 1 from n where i < ${openFindingsMax})`;
  await sql`insert into drift ${numbers} select 'f' || i, 'file', '/' || i, 'added', '[]', '{}', '{}', ${aTime} from n`.execute(
    db,
  );
  await sql`insert into finding (instance_id, fingerprint, severity, rule, first_seen_at, last_seen_at, scan_id, tainting_since, rest, rules)
    ${numbers} select ${id}, 'f' || i, 'low', 'r', ${aTime}, ${aTime}, 's', ${aTime}, '[{},{}]', 1 from n`.execute(db);

  const attempt = apply(aReport({ seq: 2, full: false, opened: [motd] }));

  await expect(attempt).rejects.toMatchObject({ code: 'PROTOCOL' });
  expect(await open()).toHaveLength(openFindingsMax);
  expect(await instance()).toMatchObject({ seq: 1 });
});
