import fc from 'fast-check';
import { expect, it } from 'vitest';
import { settleExemptions } from '../../../server/fleet/exemptions.ts';
import { applyReport } from '../../../server/intake/apply-report.ts';
import { applyDocument } from '../../../server/store/apply.ts';
import { openDatabase } from '../../../server/store/database.ts';
import { endExemption } from '../../../server/store/exemption-store.ts';
import { findInstance } from '../../../server/store/instance-store.ts';
import { timestamp } from '../../../shared/clock.ts';
import { Exemption } from '../../../shared/exemption.ts';
import { severities } from '../../../shared/severity.ts';
import { aFinding, aTime } from '../../support/builders.ts';
import { aReport } from '../../support/reports.ts';
import { insertGroup, insertImage, insertInstance } from '../../support/rows.ts';

const hour = 3_600_000;
const drifts = severities.map((severity, n) => aFinding({ name: `/d/${n}`, severity }));
const index = fc.nat({ max: drifts.length - 1 });

type Act =
  | { readonly do: 'sweep'; readonly open: readonly number[] }
  | { readonly do: 'exempt'; readonly drift: number; readonly name: number; readonly hours: number }
  | { readonly do: 'end'; readonly name: number }
  | { readonly do: 'pass'; readonly hours: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ do: fc.constant('sweep' as const), open: fc.uniqueArray(index) }),
  fc.record({
    do: fc.constant('exempt' as const),
    drift: index,
    name: fc.nat({ max: 2 }),
    hours: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({ do: fc.constant('end' as const), name: fc.nat({ max: 2 }) }),
  fc.record({ do: fc.constant('pass' as const), hours: fc.integer({ min: 1, max: 6 }) }),
);

it('leaves verdict and taint as if what is exempted now had never been, and as they were once it is no more', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 14 }), async (acts) => {
      const db = await openDatabase({ file: ':memory:' });
      await insertGroup(db);
      await insertImage(db);
      const id = await insertInstance(db);
      let [now, seq] = [Date.parse(aTime), 1];
      const open = new Set<number>();
      const first = new Map<number, string>();
      const exemptions = new Map<number, { readonly drift: number; readonly until: number }>();

      for (const one of acts) {
        now += 1_000;
        switch (one.do) {
          case 'sweep': {
            seq += 1;
            const opened = one.open.map((n) => drifts[n]!);
            const times = { startedAt: timestamp(now), finishedAt: timestamp(now) };
            await applyReport({ db, now, evidenceTtlMs: 1_000 * hour }, id, aReport({ seq, ...times, opened }));
            open.clear();
            for (const n of one.open) {
              open.add(n);
              if (!first.has(n)) first.set(n, timestamp(now));
            }
            break;
          }
          case 'exempt': {
            const until = now + one.hours * hour;
            const drift = { fingerprint: drifts[one.drift]!.fingerprint };
            const said = { kind: 'Exemption', name: `e${one.name}`, drift, group: 'web', reason: 'known' };
            await applyDocument(db, Exemption.parse({ ...said, until: timestamp(until) }), timestamp(now));
            exemptions.set(one.name, { drift: one.drift, until });
            break;
          }
          case 'end':
            if (!exemptions.delete(one.name)) break;
            await endExemption(db, { name: `e${one.name}`, reason: 'over', actor: 'ann' }, timestamp(now));
            break;
          case 'pass':
            now += one.hours * hour;
            break;
          default:
            one satisfies never;
        }
        await settleExemptions(db, now);

        const counts = (n: number) =>
          n > 0 && ![...exemptions.values()].some(({ drift, until }) => drift === n && now < until);
        const tainting = [...first.keys()].filter(counts);
        const { verdict, taint } = (await findInstance(db, id))!;
        expect(verdict).toBe([...open].some(counts) ? 'drifted' : 'in_sync');
        expect(taint).toEqual(
          tainting.length === 0
            ? null
            : { severity: severities[Math.max(...tainting)], since: tainting.map((n) => first.get(n)!).sort()[0] },
        );
      }
      await db.destroy();
    }),
    { numRuns: 40 },
  );
});
