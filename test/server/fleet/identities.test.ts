import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { retireInstance } from '../../../server/fleet/identities.ts';
import { applyReport } from '../../../server/intake/apply-report.ts';
import { takeSnapshot } from '../../../server/replace/snapshot.ts';
import type { Db } from '../../../server/store/database.ts';
import { readEvents } from '../../../server/store/event-store.ts';
import { openFindings } from '../../../server/store/finding-store.ts';
import { findInstance } from '../../../server/store/instance-store.ts';
import { findDrift, listDrifts } from '../../../server/store/views/drifts-view.ts';
import type { Hole } from '../../../shared/coverage.ts';
import { digestOf } from '../../../shared/digest.ts';
import type { Finding } from '../../../shared/finding.ts';
import { type Identity, sharedIdentity } from '../../../shared/identity.ts';
import { aFinding, aTime } from '../../support/builders.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { aDatabase } from '../../support/database.ts';
import { aReport } from '../../support/reports.ts';
import { insertGroup, insertInstance } from '../../support/rows.ts';

const machineId = (text: string): Identity => ({ name: '/etc/machine-id', digest: digestOf(`id ${text}`) });
const hostKey = (text: string): Identity => ({
  name: '/etc/ssh/ssh_host_rsa_key.pub',
  digest: digestOf(`key ${text}`),
});
const now = Date.parse(aTime) + 1_000;
const everything: Hole = { subject: 'file', name: '/', reason: 'io-error' };

let db: Db;
let seqs: Map<string, number>;
beforeEach(async () => {
  db = await aDatabase();
  seqs = new Map();
  await insertGroup(db);
});

async function sweep(
  id: string,
  identities: readonly Identity[] | undefined,
  { opened = [], holes = [] }: { opened?: Finding[]; holes?: Hole[] } = {},
) {
  const seq = (seqs.get(id) ?? 0) + 1;
  seqs.set(id, seq);
  const told = identities && { identities: [...identities] };
  const report = aReport({ boot: 2, seq, opened, holes, ...told });
  return applyReport({ db, now, evidenceTtlMs: 3_600_000 }, id, report);
}
const shared = async (id: string) =>
  (await openFindings(db, id)).filter(({ rule }) => rule === 'guard identity').map(({ fingerprint }) => fingerprint);
const verdictOf = async (id: string) => (await findInstance(db, id))!.verdict;
const eventsOf = async (id: string) =>
  (await readEvents(db, { afterId: 0, limit: 100 })).filter((event) => event.instanceId === id).map(({ type }) => type);

describe('two instances that are known by the same', () => {
  let one: string;
  let two: string;
  beforeEach(async () => {
    [one, two] = [await insertInstance(db), await insertInstance(db)];
    await sweep(one, [machineId('a'), hostKey('1')]);
  });

  it('drift both at once, by one drift, and are no taint', async () => {
    const outcome = await sweep(two, [machineId('a'), hostKey('2')]);

    const { fingerprint } = sharedIdentity(machineId('a'));
    expect([await shared(one), await shared(two)]).toEqual([[fingerprint], [fingerprint]]);
    expect([await verdictOf(one), await verdictOf(two)]).toEqual(['drifted', 'drifted']);
    expect(await findInstance(db, one)).toMatchObject({ taint: null });
    expect(await findDrift(db, fingerprint)).toMatchObject({
      subject: 'identity',
      name: '/etc/machine-id',
      severity: 'high',
      openInstances: 2,
    });
    expect(outcome).toMatchObject({ changed: true, wantsScan: false });
    for (const id of [one, two]) expect(await eventsOf(id)).toEqual(['drift.opened', 'instance.verdict']);
  });

  it.each<[what: string, change: () => Promise<unknown>]>([
    ['one changes', () => sweep(one, [machineId('b'), hostKey('1')])],
    ['one has none any more', () => sweep(one, undefined)],
    ['one is retired', () => retireInstance(db, one, aTime)],
  ])('are well again when %s', async (_what, change) => {
    await sweep(two, [machineId('a')]);

    await change();

    expect([await shared(two), await verdictOf(two)]).toEqual([[], 'in_sync']);
    expect(await eventsOf(two)).toContain('drift.closed');
  });

  it('stay drifted while a third shares it, and no longer', async () => {
    const three = await insertInstance(db);
    await sweep(two, [machineId('a')]);
    await sweep(three, [machineId('a')]);

    await sweep(one, [machineId('b')]);
    expect([await shared(two), await shared(three)]).toMatchObject([[expect.any(String)], [expect.any(String)]]);

    await sweep(three, [machineId('c')]);
    expect([await shared(one), await shared(two), await shared(three)]).toEqual([[], [], []]);
  });

  it('stay drifted while a hole hides it, and while checks and sweeps list what they find', async () => {
    const sshd = aFinding();
    await sweep(two, [machineId('a')]);

    await sweep(two, undefined, { holes: [everything] });
    expect(await shared(one)).toHaveLength(1);
    const outcome = await sweep(two, [machineId('a')], { opened: [sshd] });

    expect([await shared(one), await shared(two)]).toMatchObject([[expect.any(String)], [expect.any(String)]]);
    expect(outcome).toMatchObject({ wantsScan: false, instance: { taint: { severity: 'high' } } });
  });

  it('are never a cause to replace: what only shares has no taint, and what is tainted has its own', async () => {
    await sweep(two, [machineId('a')], { opened: [aFinding()] });

    const snapshot = await takeSnapshot(
      { db, machines: new Map(), isOnline: () => true, hasReported: () => true, evidenceTtlMs: 3_600_000 },
      now,
    );

    const instances = snapshot.groups.get('web')!.instances;
    expect(instances.find(({ id }) => id === one)).toMatchObject({ content: 'drifted', taint: null, drifts: [] });
    expect(instances.find(({ id }) => id === two)?.drifts.map(({ fingerprint }) => fingerprint)).toEqual([
      aFinding().fingerprint,
    ]);
  });

  it('may have the same under different names', async () => {
    await sweep(two, [{ ...machineId('a'), name: '/etc/ssh/ssh_host_rsa_key.pub' }]);

    expect([await shared(one), await shared(two)]).toEqual([[], []]);
  });

  it('write nothing while nothing changes', async () => {
    await sweep(two, [machineId('a')]);
    await sweep(two, [machineId('a')]);
    const events = await readEvents(db, { afterId: 0, limit: 100 });

    expect(await sweep(two, [machineId('a')])).toMatchObject({ changed: false });
    expect(await readEvents(db, { afterId: 0, limit: 100 })).toEqual(events);
  });

  it('is never taken from an agent as a finding of its own', async () => {
    const forged = sharedIdentity(machineId('x'));

    for (const opened of [[forged], [aFinding({ rule: forged.rule })], [aFinding({ subject: 'identity' })]]) {
      expect(await codeOfAsync(() => sweep(two, [], { opened }))).toBe('PROTOCOL');
    }
    expect(await codeOfAsync(() => sweep(two, [machineId('a'), machineId('b')]))).toBe('PROTOCOL');
    expect(await listDrifts(db, { limit: 10 })).toMatchObject({ items: [] });
  });

  it('cannot be cleared by an agent', async () => {
    await sweep(two, [machineId('a')]);
    const seq = seqs.get(two)! + 1;
    const report = aReport({ boot: 2, seq, full: false, cleared: await shared(two), open: [] });

    await applyReport({ db, now, evidenceTtlMs: 3_600_000 }, two, report);

    expect(await shared(two)).toHaveLength(1);
  });
});

it('opens and closes by what instances that are not retired have, whatever came before', {
  timeout: 120_000,
}, async () => {
  let runs = 0;
  const command = fc.oneof(
    { weight: 8, arbitrary: fc.record({ who: fc.nat(3), ids: fc.array(fc.nat(2), { maxLength: 2 }) }) },
    { weight: 1, arbitrary: fc.record({ who: fc.nat(3), ids: fc.constant(undefined) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 15, size: 'max' }), async (commands) => {
      // Each run has identities of its own, and so one database is enough.
      runs += 1;
      const ids: string[] = [];
      for (let n = 0; n < 4; n++) ids.push(await insertInstance(db));
      const model = new Map<string, readonly Identity[]>();

      for (const { who, ids: numbers } of commands) {
        const id = ids[who]!;
        if (numbers === undefined) {
          await retireInstance(db, id, aTime);
          model.delete(id);
          seqs.set(id, Number.NaN);
        } else if (!Number.isNaN(seqs.get(id) ?? 0)) {
          const identities = numbers.map((n, at) => [machineId, hostKey][at]!(`${runs} ${n}`));
          expect(await sweep(id, identities)).toMatchObject({ wantsScan: false });
          model.set(id, identities);
        }
      }

      for (const [id, own] of model) {
        const others = [...model].filter(([other]) => other !== id).flatMap(([, identities]) => identities);
        const expected = own.filter(({ name, digest }) =>
          others.some((one) => one.name === name && one.digest === digest),
        );
        expect((await shared(id)).sort()).toEqual(expected.map((one) => sharedIdentity(one).fingerprint).sort());
        expect(await verdictOf(id)).toBe(expected.length > 0 ? 'drifted' : 'in_sync');
      }
    }),
    { numRuns: 20 },
  );
});
