import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyReport } from '../../server/intake/apply-report.ts';
import { takeSnapshot } from '../../server/replace/snapshot.ts';
import { pruneHistory } from '../../server/store/history-store.ts';
import { timestamp } from '../../shared/clock.ts';
import type { Finding } from '../../shared/finding.ts';
import { reportFindingsMax } from '../../shared/protocol.ts';
import { relabelFingerprint } from '../../shared/relabel.ts';
import { aFinding, aTime } from '../support/builders.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { anHttpServer, type HttpServer } from '../support/http-server.ts';
import { aReport } from '../support/reports.ts';
import { insertFinding, insertGroup, insertImage, insertInstance } from '../support/rows.ts';

const files = 1_001;
const minute = 60_000;
const fingerprint = relabelFingerprint('selinux');
const clock = createFakeClock(Date.parse(aTime) + minute);
let server: HttpServer;
beforeEach(async () => {
  server = await anHttpServer({ clock });
});
afterEach(() => server.close());

/** What a sweep of an instance lists, in as many parts as it takes. */
async function swept(id: string, findings: readonly Finding[]): Promise<void> {
  const parts = Math.max(1, Math.ceil(findings.length / reportFindingsMax));
  const scanId = crypto.randomUUID();
  const { seq } = await server.db.selectFrom('instance').select('seq').where('id', '=', id).executeTakeFirstOrThrow();
  for (let part = 1; part <= parts; part++) {
    const opened = findings.slice((part - 1) * reportFindingsMax, part * reportFindingsMax);
    const open = findings.slice(0, part * reportFindingsMax).map((finding) => finding.fingerprint);
    const report = aReport({ scanId, part, parts, seq: seq + part, opened, open });
    await applyReport({ db: server.db, now: clock.now(), evidenceTtlMs: 60 * minute }, id, report);
  }
}

const relabelled = (count: number, label = 'var_t', overrides: Partial<Finding> = {}) =>
  Array.from({ length: count }, (_, n) => {
    const sides = { expected: { selinux: 'etc_t' }, actual: { selinux: label } };
    const name = `/f${String(n).padStart(5, '0')}`;
    return aFinding({ name, attributes: ['selinux'], severity: 'medium', rule: '/**', ...sides, ...overrides });
  });
const drifts = async (query = '') => (await server.get(`drifts${query}`)).body.items;
const named = (items: readonly { name: string; files: number | null }[]) =>
  items.map(({ name, files: of }) => [name, of]);

describe('a relabel of more than 1,000 files', () => {
  it('is one drift however many instances have it, with the list beneath', async () => {
    const [one, other] = [await insertInstance(server.db), await insertInstance(server.db)];
    await swept(one, relabelled(files));
    await swept(other, relabelled(files + 1, 'tmp_t'));

    const items = await drifts();

    expect(items).toMatchObject([
      { fingerprint, subject: 'file', change: 'modified', attributes: ['selinux'], severity: 'medium' },
    ]);
    expect(items[0]).toMatchObject({ files: files + 1, openInstances: 2, totalInstances: 2 });
    expect((await server.get(`drifts/${fingerprint}`)).body).toEqual(items[0]);
    const first = await server.get(`drifts/${fingerprint}/beneath?limit=2`);
    expect(named(first.body.items)).toEqual([
      ['/f00000', null],
      ['/f00000', null],
    ]);
    const next = await server.get(`drifts/${fingerprint}/beneath?limit=2&cursor=${first.body.nextCursor}`);
    expect(named(next.body.items)[0]).toEqual(['/f00001', null]);
  });

  it('leaves other drifts as they are, and those that are alone elsewhere', async () => {
    const [one, other] = [await insertInstance(server.db), await insertInstance(server.db)];
    await swept(one, [...relabelled(files), aFinding()]);
    await swept(other, relabelled(1));

    const items = await drifts();

    expect(new Map(named(items) as [string, number | null][])).toEqual(
      new Map([
        ['/', files],
        ['/f00000', null],
        ['/etc/ssh/sshd_config', null],
      ]),
    );
    expect(items.find(({ name }: { name: string }) => name === '/f00000').totalInstances).toBe(1);
  });

  it('is none on 1,000 files', async () => {
    await swept(await insertInstance(server.db), relabelled(1_000));

    expect((await server.get('drifts?limit=500')).body.items).toHaveLength(500);
    expect((await server.get(`drifts/${fingerprint}`)).status).toBe(404);
    expect((await server.get(`drifts/${fingerprint}/beneath`)).status).toBe(404);
  });

  it('does not take in a set-id program, which is a drift of its own', async () => {
    const mode = (name: string, to: string) =>
      aFinding({
        ...{ name, attributes: ['mode'], severity: 'critical', rule: '/**' },
        ...{ expected: { type: 'file', mode: '0755' }, actual: { type: 'file', mode: to } },
      });
    const plain = Array.from({ length: files }, (_, n) => mode(`/f${n}`, '0777'));
    await swept(await insertInstance(server.db), [...plain, mode('/bin/su', '4777')]);

    expect(named(await drifts()).toSorted()).toEqual([
      ['/', files],
      ['/bin/su', null],
    ]);
  });

  it('closes when it was put right, and what is beneath it does not come out again', async () => {
    const id = await insertInstance(server.db);
    await swept(id, relabelled(files));
    await swept(id, []);

    expect(await drifts('?open=true')).toEqual([]);
    expect(await drifts('?open=false')).toMatchObject([{ fingerprint, openInstances: 0, totalInstances: 1 }]);
  });

  it('of which a few files are left is these few drifts', async () => {
    const id = await insertInstance(server.db);
    await swept(id, relabelled(files));
    await swept(id, relabelled(2));

    expect(named(await drifts('?open=true')).toSorted()).toEqual([
      ['/f00000', null],
      ['/f00001', null],
    ]);
  });

  it('is named by each finding beneath it', async () => {
    const id = await insertInstance(server.db);
    await swept(id, [aFinding(), ...relabelled(files)]);

    const { body } = await server.get(`instances/${id}/findings?limit=2`);

    expect(body.items.map(({ beneath }: { beneath: string | null }) => beneath)).toEqual([null, fingerprint]);
  });

  it('is one cause of a replacement, as grave as the gravest of it', async () => {
    await insertGroup(server.db);
    await insertImage(server.db);
    const id = await insertInstance(server.db);
    await swept(id, relabelled(files));
    clock.advance(minute);
    const seenAt = clock.now();
    await swept(id, [...relabelled(files), ...relabelled(1, 'bin_t', { severity: 'high' })]);

    const sources = {
      db: server.db,
      machines: new Map(),
      isOnline: () => true,
      hasReported: () => true,
      evidenceTtlMs: 60 * minute,
    };
    const { groups } = await takeSnapshot(sources, clock.now());

    expect(groups.get('web')?.instances[0]?.drifts).toEqual([
      {
        fingerprint,
        shape: expect.stringMatching(/^relabel /),
        severity: 'high',
        firstSeenAt: seenAt,
        heldUntil: null,
      },
    ]);
  });

  it('is forgotten with the last file beneath it', async () => {
    const id = await insertInstance(server.db, { lifecycle: 'retired' });
    await server.db.updateTable('instance').set({ lifecycle: 'active' }).execute();
    await swept(id, relabelled(files));
    await server.db.updateTable('instance').set({ lifecycle: 'retired' }).execute();
    const before = timestamp(clock.now() + 1);
    const kept = await drifts();

    for (let afterId: string | undefined = ''; afterId !== undefined; )
      afterId = await pruneHistory(server.db, { afterId, before });

    expect([kept.length, await drifts()]).toEqual([1, []]);
  });
});

describe('a drift', () => {
  it('says lists and maps as the finding did', async () => {
    const sides = { expected: { members: ['a'] }, actual: { members: ['a', 'b'], xattrs: { 'user.x': '1' } } };
    await insertFinding(server.db, await insertInstance(server.db), { subject: 'group', name: 'sudo', ...sides });

    const { status, body } = await server.get('drifts');

    expect([status, body.items[0]?.expected, body.items[0]?.actual]).toEqual([200, sides.expected, sides.actual]);
  });
});
