import { beforeEach, describe, expect, it } from 'vitest';
import { contentOf } from '../../../server/fleet/content.ts';
import { settleExemptions } from '../../../server/fleet/exemptions.ts';
import { pardon } from '../../../server/fleet/pardon.ts';
import { applyReport } from '../../../server/intake/apply-report.ts';
import { applyDocument } from '../../../server/store/apply.ts';
import type { Db } from '../../../server/store/database.ts';
import { readEvents } from '../../../server/store/event-store.ts';
import { exemptedFindings } from '../../../server/store/exempt-finding-store.ts';
import { endExemption } from '../../../server/store/exemption-store.ts';
import { findInstance } from '../../../server/store/instance-store.ts';
import { timestamp } from '../../../shared/clock.ts';
import { digestOf } from '../../../shared/digest.ts';
import { Exemption } from '../../../shared/exemption.ts';
import type { Finding } from '../../../shared/finding.ts';
import type { ReportMessage } from '../../../shared/protocol.ts';
import { aFinding, aTime } from '../../support/builders.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { aDatabase } from '../../support/database.ts';
import { aReport } from '../../support/reports.ts';
import { insertFinding, insertGroup, insertImage, insertInstance } from '../../support/rows.ts';

const hour = 3_600_000;
const day = 24 * hour;
const start = Date.parse(aTime);
const sshd = aFinding();
const motd = aFinding({ name: '/etc/motd', severity: 'low' });
const content = digestOf('a text');
const whole = { type: 'file', mode: '0644', uid: 0, gid: 0, size: '6', content };
const added = aFinding({
  ...{ name: '/srv/note', change: 'added', severity: 'medium', attributes: Object.keys(whole).sort() },
  ...{ expected: {}, actual: whole },
});

let db: Db;
let id: string;
let now: number;
let seq: number;
beforeEach(async () => {
  db = await aDatabase();
  [now, seq] = [start, 1];
  await insertGroup(db);
  await insertGroup(db, { name: 'api' });
  await insertImage(db);
  id = await insertInstance(db);
});

async function sweep(
  opened: readonly Finding[] = [],
  rest: Partial<ReportMessage> & Parameters<typeof aReport>[0] = {},
  of = id,
) {
  now += 1_000;
  seq += 1;
  const times = { startedAt: timestamp(now - 1), finishedAt: timestamp(now) };
  return applyReport(
    { db, now, evidenceTtlMs: 365 * day },
    of,
    aReport({ seq, ...times, opened: [...opened], ...rest }),
  );
}
const instance = async (of = id) => (await findInstance(db, of))!;
const state = async (of = id) => {
  const { verdict, taint } = await instance(of);
  return [verdict, taint?.severity ?? null, taint?.since ?? null];
};
const contentNow = async () => {
  const { verdict, scan, exemptUntil } = await instance();
  return contentOf({ verdict, scanFinishedAt: scan?.finishedAt ?? null, exemptUntil }, now, 365 * day);
};
const declare = (overrides: object = {}) =>
  applyDocument(
    db,
    Exemption.parse({
      ...{ kind: 'Exemption', name: 'one', drift: { fingerprint: sshd.fingerprint }, group: 'web', reason: 'known' },
      until: timestamp(now + day),
      ...overrides,
    }),
    timestamp(now),
  );
async function exempt(overrides: object = {}): Promise<void> {
  await declare(overrides);
  await settleExemptions(db, now);
}
async function end(name = 'one'): Promise<void> {
  await db.transaction().execute((tx) => endExemption(tx, { name, reason: 'mended', actor: 'ann' }, timestamp(now)));
  await settleExemptions(db, now);
}
const typesSince = async (afterId: number) => (await readEvents(db, { afterId, limit: 100 })).map(({ type }) => type);

describe('an exemption', () => {
  it('lifts verdict and taint of what it is for, and says so', async () => {
    await sweep([sshd]);
    const before = (await readEvents(db, { afterId: 0, limit: 100 })).length;

    await exempt();

    expect(await state()).toEqual(['in_sync', null, null]);
    expect(await exemptedFindings(db, id, now)).toMatchObject([
      { fingerprint: sshd.fingerprint, name: sshd.name, severity: 'high', exemption: 'one', reason: 'known' },
    ]);
    expect(await typesSince(before)).toEqual(['exemption.declared', 'taint.lifted', 'instance.verdict']);
  });

  it('gives drift and taint back as they were first seen when a person ends it', async () => {
    await sweep([sshd]);
    const before = await state();
    await exempt();
    now += hour;

    await end();

    expect(await state()).toEqual(before);
    expect(await exemptedFindings(db, id, now)).toEqual([]);
  });

  it('is over by the hour, for whoever asks, and for good at the next round', async () => {
    await sweep([sshd]);
    const before = await state();
    await exempt();

    now += day;
    expect(await contentNow()).toBe('drifted');
    expect(await exemptedFindings(db, id, now)).toEqual([]);

    await settleExemptions(db, now);
    expect(await state()).toEqual(before);
    expect(await typesSince(0)).toContain('exemption.expired');
    expect(await settleExemptions(db, now)).toBe(false);
  });

  it('is over for the report that comes before anything else has looked', async () => {
    await sweep([sshd]);
    const before = await state();
    await exempt({ until: timestamp(now + hour) });
    now += hour;

    await sweep([sshd]);

    expect(await state()).toEqual(before);
    const evidence = await db.selectFrom('evidence').select('verdict').orderBy('id', 'desc').execute();
    expect(evidence[0]).toEqual({ verdict: 'drifted' });
  });

  it('holds again where the clock was ahead for a while', async () => {
    await sweep([sshd]);
    await exempt();
    await settleExemptions(db, now + 3_650 * day);
    expect((await state())[0]).toBe('drifted');

    await settleExemptions(db, now);

    expect(await state()).toEqual(['in_sync', null, null]);
  });

  it('does not hold where the clock was set back so far that it would last for years', async () => {
    await sweep([sshd]);
    await exempt();

    await settleExemptions(db, now - 3_650 * day);

    expect((await state()).slice(0, 2)).toEqual(['drifted', 'high']);
  });

  it('exempts the same drift of an instance that comes later, before anything is tainted', async () => {
    await exempt();
    const other = await insertInstance(db);

    await sweep([sshd], {}, other);

    expect(await state(other)).toEqual(['in_sync', null, null]);
    const first = timestamp(now);
    now += 2 * day;
    await settleExemptions(db, now);
    expect(await state(other)).toEqual(['drifted', 'high', first]);
  });

  it('leaves what else there is', async () => {
    await sweep([motd]);
    const since = (await instance()).taint!.since;
    await sweep([motd, sshd]);

    await exempt();

    expect(await state()).toEqual(['drifted', 'low', since]);
    await end();
    expect(await state()).toEqual(['drifted', 'high', since]);
  });

  it('never makes an instance with holes clean', async () => {
    await sweep([sshd], { holes: [{ subject: 'file', name: '/srv', reason: 'unreadable' }] });

    await exempt();

    expect(await state()).toEqual(['unverifiable', null, null]);
  });

  it('gives back the taint of what was reverted meanwhile', async () => {
    await exempt();
    await sweep([sshd]);
    const first = timestamp(now);
    await sweep([]);

    await end();

    expect(await state()).toEqual(['in_sync', 'high', first]);
  });

  it('gives no taint back that a person had pardoned', async () => {
    await sweep([sshd]);
    await pardon(db, { instanceId: id, reason: 'a test', actor: 'ann' }, now);
    await exempt();

    await end();

    expect(await state()).toEqual(['drifted', null, null]);
  });

  it('may be one of several: the last one to end decides', async () => {
    await sweep([sshd]);
    const before = await state();
    await exempt();
    await exempt({ name: 'two', until: timestamp(now + 2 * day) });

    await end('one');
    expect(await state()).toEqual(['in_sync', null, null]);
    expect((await instance()).exemptUntil).toBe(timestamp(now + 2 * day));

    now += 2 * day;
    await settleExemptions(db, now);
    expect(await state()).toEqual(before);
  });

  it('may be prolonged: it is a version of its own', async () => {
    await sweep([sshd]);
    await exempt();

    await exempt({ until: timestamp(now + 30 * day) });

    now += 2 * day;
    await settleExemptions(db, now);
    expect(await contentNow()).toBe('in_sync');
  });

  it.each([
    ['another group', { group: 'api' }, 'drifted'],
    ['its own image', { group: undefined, image: 'web@7' }, 'in_sync'],
  ])('of %s', async (_, scope, verdict) => {
    await sweep([sshd]);

    await exempt(scope);

    expect((await state())[0]).toBe(verdict);
  });

  it('of another image is for no instance of this one', async () => {
    await insertImage(db, { digest: digestOf('image web@8'), version: '8' });
    await sweep([sshd]);

    await exempt({ group: undefined, image: 'web@8' });

    expect((await state())[0]).toBe('drifted');
  });

  it('applied again changes nothing, also when it was ended', async () => {
    await sweep([sshd]);
    const until = timestamp(now + day);
    await exempt({ until });
    expect(await declare({ until })).toMatchObject({ result: 'unchanged', version: 1 });
    await end();

    now += 2 * day;
    expect(await declare({ until })).toMatchObject({ result: 'unchanged', version: 1 });

    await settleExemptions(db, now);
    expect((await state())[0]).toBe('drifted');
  });
});

describe('by a file and its content', () => {
  const drift = { file: '/srv/note', change: 'added', content };

  it('covers that content, whatever was baked', async () => {
    await sweep([added]);

    await exempt({ drift });

    expect(await state()).toEqual(['in_sync', null, null]);
  });

  it.each<[string, Partial<Finding>]>([
    ['another content', { actual: { ...whole, content: digestOf('another') } }],
    ['the same that may be run', { actual: { ...whole, mode: '0755' } }],
    ['the same with setuid', { actual: { ...whole, mode: '4644' } }],
    ['the same with capabilities', { actual: { ...whole, capabilities: 'cap_net_raw=ep' } }],
    ['what a guard watches', { rule: 'guard agent' }],
    ['another change', { change: 'modified', expected: { ...whole, mode: '0600' }, attributes: ['mode'] }],
  ])('is not for %s', async (_, overrides) => {
    const base = { ...added, ...overrides };
    const { fingerprint: _old, ...rest } = base;
    await exempt({ drift });
    await sweep([aFinding(rest)]);
    await settleExemptions(db, now);

    expect((await state())[0]).toBe('drifted');
  });

  it('is not for a file of which more than the content differs', async () => {
    const changed = aFinding({
      ...{ name: '/srv/note', severity: 'medium', attributes: ['content', 'uid'] },
      ...{ expected: { ...whole, content: digestOf('b'), uid: 7 }, actual: whole },
    });
    await exempt({ drift: { ...drift, change: 'modified' } });

    await sweep([changed]);

    expect((await state())[0]).toBe('drifted');
  });
});

describe('what is no exemption', () => {
  it.each<[string, object, string]>([
    ['for a group that is not there', { group: 'nobody' }, 'NOT_FOUND'],
    ['for an image that is not there', { image: 'web@99' }, 'NOT_FOUND'],
    ['for longer than 90 days', { until: timestamp(start + 91 * day) }, 'USAGE'],
    ['for a time that is over', { until: timestamp(start - 1) }, 'USAGE'],
  ])('%s', async (_, overrides, code) => {
    expect(await codeOfAsync(() => declare(overrides))).toBe(code);
  });

  it.each<[string, object]>([
    ['without group and image', { group: undefined }],
    ['by a bare path', { drift: { file: '/etc/motd' } }],
    ['by a bare path and a change', { drift: { file: '/etc/motd', change: 'added' } }],
    ['of what is gone', { drift: { file: '/etc/motd', change: 'removed', content } }],
    ['without a reason', { reason: ' ' }],
    ['for ever', { until: undefined }],
  ])('%s', async (_, overrides) => {
    const valid = {
      ...{ kind: 'Exemption', name: 'one', drift: { fingerprint: sshd.fingerprint }, group: 'web', reason: 'known' },
      until: timestamp(start + day),
    };

    expect(Exemption.safeParse({ ...valid, ...overrides }).success).toBe(false);
  });

  it('for what an agent did not tell of', async () => {
    const lie = aFinding({ subject: 'outside-look', rule: 'guard outside-look', severity: 'critical' });
    await insertFinding(db, id, lie);

    expect(await codeOfAsync(() => declare({ drift: { fingerprint: lie.fingerprint } }))).toBe('USAGE');
  });
});
