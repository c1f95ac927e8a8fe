import { beforeEach, describe, expect, it } from 'vitest';
import { applyReport } from '../../../server/intake/apply-report.ts';
import type { Db } from '../../../server/store/database.ts';
import { findDrift } from '../../../server/store/views/drifts-view.ts';
import { listFindings } from '../../../server/store/views/findings-view.ts';
import { type Actor, actorsMax } from '../../../shared/actor.ts';
import type { Finding } from '../../../shared/finding.ts';
import type { ReportMessage } from '../../../shared/protocol.ts';
import { aFinding, anActor, anInstanceRow, aTime } from '../../support/builders.ts';
import { aDatabase } from '../../support/database.ts';
import { aReport } from '../../support/reports.ts';

const start = Date.parse(aTime);
const sshd = aFinding();
const [vim, cp] = [anActor(), anActor({ pid: 815, program: '/usr/bin/cp', uid: 1_000 })];

describe('who changed something', () => {
  let db: Db;
  let id: string;
  let seq = 0;
  beforeEach(async () => {
    db = await aDatabase();
    const row = anInstanceRow({ boot: 0, seq: 0 });
    id = row.id;
    seq = 0;
    await db.insertInto('instance').values(row).execute();
  });
  const report = (...opened: readonly Finding[]) => apply({ opened: [...opened] });
  async function apply(overrides: Partial<ReportMessage>) {
    seq += 1;
    const message = aReport({ seq, ...overrides });
    return applyReport({ db, now: start + seq * 1_000, evidenceTtlMs: 3_600_000 }, id, message);
  }
  const stored = async (limit = 10) => (await listFindings(db, id, { limit })).items;

  it('is kept for the instance that tells it, and not for the drift, whose fingerprint it leaves alone', async () => {
    const outcome = await report({ ...sshd, actors: [vim, cp], changes: 5 });

    expect(outcome).toMatchObject({ kind: 'applied', wantsScan: false });
    expect(await stored()).toMatchObject([{ fingerprint: sshd.fingerprint, actors: [vim, cp], changes: 5 }]);
    expect(JSON.stringify(await findDrift(db, sshd.fingerprint))).not.toContain('vim');
  });

  it('is absent where nothing told', async () => {
    await report(sshd, { ...aFinding({ name: '/etc/motd' }), actors: [] });

    for (const finding of await stored()) {
      expect(finding).not.toHaveProperty('actors');
      expect(finding).not.toHaveProperty('changes');
    }
  });

  it('stays when an open finding is listed by an agent that knows nobody', async () => {
    await report({ ...sshd, actors: [vim], changes: 5 });
    await report(sshd);

    expect(await stored()).toMatchObject([{ actors: [vim], changes: 5 }]);
  });

  it('is replaced by those that are told later; the changes are never fewer', async () => {
    await report({ ...sshd, actors: [vim], changes: 5 });
    await report({ ...sshd, actors: [cp], changes: 1 });
    const restarted = await stored();
    await report({ ...sshd, changes: 6 });

    expect(restarted).toMatchObject([{ actors: [cp], changes: 5 }]);
    expect(await stored()).toMatchObject([{ actors: [cp], changes: 6 }]);
  });

  it('is told anew when the finding opens again', async () => {
    await report({ ...sshd, actors: [vim], changes: 5 });
    await report();
    const closed = await stored();
    await report(sshd);
    const [opened] = await stored();

    expect(closed).toMatchObject([{ actors: [vim], changes: 5, closedAt: expect.any(String) }]);
    expect(opened).not.toHaveProperty('actors');
    expect(opened).not.toHaveProperty('changes');
  });

  it('that is told of what stays open changes nothing else: no event, no taint, no new verdict', async () => {
    await report(sshd);
    await db.updateTable('instance').set({ taint_severity: null, taint_at: null }).execute();

    expect(await report({ ...sshd, actors: [vim], changes: 1 })).toMatchObject({ changed: false });
    expect(await stored()).toMatchObject([{ actors: [vim] }]);
    expect(await db.selectFrom('instance').select('taint_at').execute()).toEqual([{ taint_at: null }]);
  });

  it('comes back as it was told, whatever is written there', async () => {
    const hostile = anActor({ program: '\u202e"\'; drop table finding; --\u0000\ud800', unit: '<b>', command: '%s\n' });
    await report({ ...sshd, actors: [hostile] });

    expect(await stored()).toMatchObject([{ actors: [hostile] }]);
  });

  it('is kept of so much: of the open, of the grave, of what came first', async () => {
    const bulky = (name: string, overrides: Partial<Finding> = {}) =>
      aFinding({ name, severity: 'medium', actors: aLongChain(), ...overrides });
    await report(bulky('/closed'));
    await report(bulky('/first'));
    await report(bulky('/first'), bulky('/noise'), bulky('/grave', { severity: 'high' }));

    const kept = (await stored()).filter(({ actors }) => actors !== undefined).map(({ name }) => name);

    expect(kept).toEqual(['/first', '/grave']);
  });

  it('is kept of the longest that one finding may have', async () => {
    await report(aFinding({ actors: aLongChain(actorsMax) }));

    expect((await stored())[0]?.actors).toHaveLength(actorsMax);
  });
});

/** As many characters as a schema lets one actor have, three times and more. */
function aLongChain(count = 3): Actor[] {
  const program = `/${'x'.repeat(16_383)}`;
  const parents = Array.from({ length: 8 }, (_, pid) => ({ pid, program }));
  return Array.from({ length: count }, () => anActor({ program, parents }));
}
