import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyReport } from '../../../server/intake/apply-report.ts';
import { taintLeft } from '../../../server/intake/judge.ts';
import { isByNewRules } from '../../../server/intake/rules-of-report.ts';
import { takeSnapshot } from '../../../server/replace/snapshot.ts';
import type { Finding } from '../../../shared/finding.ts';
import { filesWithoutRelabelMax, foldRelabels, relabelKindOf } from '../../../shared/relabel.ts';
import { restoredFinding } from '../../../shared/restored.ts';
import { isRestored } from '../../../shared/restored-text.ts';
import { openRulebook } from '../../../shared/rulebook.ts';
import { Rule } from '../../../shared/rules.ts';
import { aFinding, aTime } from '../../support/builders.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { anHttpServer, type HttpServer } from '../../support/http-server.ts';
import { aReport } from '../../support/reports.ts';
import { insertGroup, insertImage, insertInstance } from '../../support/rows.ts';

const clock = createFakeClock(Date.parse(aTime) + 60_000);
const passwd = restoredFinding('/usr/bin/passwd');
let server: HttpServer;
beforeEach(async () => {
  const gateway = {
    heardAt: () => clock.now(),
    awakeAt: () => 0,
    isOnline: () => true,
    hasReported: () => true,
    requestScan: () => false,
    requestKey: () => false,
  };
  server = await anHttpServer({ clock, gateway });
  await insertGroup(server.db);
  await insertImage(server.db);
});
afterEach(() => server.close());

async function swept(id: string, seq: number, ...opened: readonly Finding[]) {
  const report = aReport({ seq, opened: [...opened] });
  return applyReport({ db: server.db, now: clock.now(), evidenceTtlMs: 3_600_000 }, id, report);
}
const snapshot = async () => {
  const sources = {
    db: server.db,
    machines: new Map(),
    isOnline: () => true,
    hasReported: () => true,
    evidenceTtlMs: 3_600_000,
  };
  return (await takeSnapshot(sources, clock.now())).groups.get('web')!.instances;
};

describe('what was written and restored', () => {
  it('leaves an instance in sync, untainted, and with nothing to attend to', async () => {
    const id = await insertInstance(server.db, { seq: 0 });

    const outcome = await swept(id, 1, passwd);

    expect(outcome).toMatchObject({ kind: 'applied', wantsScan: false });
    expect((await server.get(`instances/${id}`)).body).toMatchObject({
      ...{ content: 'in_sync', taint: null, needsAttention: false, openFindings: 1 },
    });
    expect(await snapshot()).toMatchObject([{ content: 'in_sync', taint: null, drifts: [] }]);
  });

  it('is no cause of a replacement beside drift that is one', async () => {
    const id = await insertInstance(server.db, { seq: 0 });
    await swept(id, 1, passwd, aFinding());

    expect((await snapshot())[0]!.drifts.map(({ fingerprint }) => fingerprint)).toEqual([aFinding().fingerprint]);
  });

  it('closes with the sweep that does not list it', async () => {
    const id = await insertInstance(server.db, { seq: 0 });
    await swept(id, 1, passwd);
    await swept(id, 2);

    expect((await server.get(`instances/${id}/findings?open=true`)).body.items).toEqual([]);
  });

  it('is one drift of nothing that differs, on all that have it', async () => {
    for (const id of [await insertInstance(server.db, { seq: 0 }), await insertInstance(server.db, { seq: 0 })]) {
      await swept(id, 1, passwd);
    }

    const { items } = (await server.get('drifts')).body;

    expect(items).toMatchObject([
      { fingerprint: passwd.fingerprint, attributes: [], severity: 'info', openInstances: 2, files: null },
    ]);
    expect(isRestored(items[0])).toBe(true);
  });

  it('is never a relabel, on however many files', () => {
    const many = Array.from({ length: filesWithoutRelabelMax + 1 }, (_, n) => restoredFinding(`/f${n}`));

    expect(relabelKindOf(passwd)).toBeUndefined();
    expect(foldRelabels(many).relabels).toEqual([]);
  });

  it('is by no new rules, and holds up no taint that rules lift, pinned or not', () => {
    const rules = (...given: readonly object[]) => ({ rulebook: openRulebook(given.map((one) => Rule.parse(one))) });
    const judging = rules({ match: '/etc/hostname', as: 'per-instance' }, { match: '/var/log/**', as: 'ephemeral' });
    const restored = { ...restoredFinding('/etc/hostname'), rules: 2, firstSeenAt: aTime, isOpen: true };
    const log = aFinding({
      ...{ name: '/var/log/x', change: 'added', attributes: ['type'] },
      ...{ expected: {}, actual: { type: 'file', mode: '0644', uid: 0, gid: 0, size: '0' } },
    });
    const taint = { severity: 'high', since: aTime } as const;
    const here = { ...judging, scope: 'now' };

    expect(
      taintLeft(taint, [{ ...log, rules: 2, firstSeenAt: aTime, isOpen: false }, restored], { sequence: 3, judging }),
    ).toBeNull();
    expect(isByNewRules(restored, { inForce: here, before: { ...here, scope: 'then' } })).toBe(false);
  });
});

it.each<[string, Partial<Finding>]>([
  ['another attribute', { attributes: ['content'] }],
  ['a file that is new', { change: 'added' }],
  ['what is no file', { subject: 'user' }],
])('a finding of %s is not restored, whatever rule it names', (_, overrides) => {
  expect(isRestored(aFinding({ ...passwd, ...overrides }))).toBe(false);
});
