import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openDatabase } from '../../../server/store/database.ts';
import { openFindings } from '../../../server/store/finding-store.ts';
import { findInstanceByKey } from '../../../server/store/instance-store.ts';
import { type Hole, hiddenByHole } from '../../../shared/coverage.ts';
import { keyId, parsePublicKeys } from '../../../shared/dsse.ts';
import type { ReportMessage } from '../../../shared/protocol.ts';
import { highestSeverity, type Severity, severities } from '../../../shared/severity.ts';
import { stateDigest } from '../../../shared/state-digest.ts';
import { aFinding, anImageDigest } from '../../support/builders.ts';
import { aDirectory } from '../../support/database.ts';
import { aGatewayHouse } from '../../support/gateway-house.ts';
import { aSpoolingAgent } from '../../support/spooling-agent.ts';

const findings = Array.from({ length: 8 }, (_, n) =>
  aFinding({ name: `/etc/d${n % 3}/f${n}`, severity: severities[n % severities.length]! }),
);
const holes: readonly Hole[] = [0, 1].map((n) => ({ subject: 'file', name: `/etc/d${n}`, reason: 'unreadable' }));
const findingOf = new Map(findings.map((finding) => [finding.fingerprint, finding]));

const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('change' as const), n: fc.nat(findings.length - 1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hide' as const), n: fc.nat(holes.length - 1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('sweep' as const), parts: fc.integer({ min: 1, max: 4 }) }) },
  ...(
    ['check', 'check', 'deliver', 'deliver', 'deliverWithoutAck', 'repeat', 'boot', 'overflow', 'restart'] as const
  ).map((name) => ({ weight: 1, arbitrary: fc.record({ do: fc.constant(name) }) })),
);

/** The same promises, said as simply as can be: what must be open after these reports, each applied once. */
function modelOf(reports: readonly ReportMessage[]) {
  const open = new Map<string, Severity>();
  const counts = { opened: 0, cleared: 0 };
  let taint: Severity | null = null;
  let known: readonly Hole[] = [];
  let listed: Set<string> | null = null;
  let scanId = '';
  let next = 1;
  const close = (fingerprint: string, report: ReportMessage) => {
    const finding = findingOf.get(fingerprint)!;
    if (hiddenByHole(finding.subject, finding.name, report.coverage.holes)) return;
    if (open.delete(fingerprint)) counts.cleared += 1;
  };
  for (const report of reports) {
    for (const { fingerprint, severity } of report.opened) {
      if (!open.has(fingerprint)) {
        counts.opened += 1;
        if (severity !== 'info') taint = taint === null ? severity : highestSeverity(taint, severity);
      }
      open.set(fingerprint, severity);
    }
    if (!report.full) {
      listed = null;
      for (const fingerprint of report.cleared) close(fingerprint, report);
      known = report.coverage.holes;
      continue;
    }
    if (report.part === 1) [listed, scanId, next] = [new Set(), report.scanId, 1];
    else if (scanId !== report.scanId || next !== report.part) listed = null;
    if (listed === null) continue;
    for (const { fingerprint } of report.opened) listed.add(fingerprint);
    next += 1;
    if (report.part !== report.parts) continue;
    for (const fingerprint of [...open.keys()]) if (!listed.has(fingerprint)) close(fingerprint, report);
    known = report.coverage.holes;
    listed = null;
  }
  return { open, counts, taint, known };
}

it('ends in the state of a model after any sequence, with each report applied once', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 30, size: 'max' }), async (commands) => {
      const file = join(aDirectory(), 'pristine.db');
      let house = await aGatewayHouse({ db: await openDatabase({ file }) });
      const agent = aSpoolingAgent(() => house.url, await house.aToken());
      const changed = new Set<number>();
      const hidden = new Set<number>();
      const found = () => [...changed].map((n) => findings[n]!);
      const holesNow = () => [...hidden].map((n) => holes[n]!);
      const toggle = (set: Set<number>, n: number) => void (set.delete(n) || set.add(n));

      for (const one of commands) {
        switch (one.do) {
          case 'change':
            toggle(changed, one.n);
            break;
          case 'hide':
            toggle(hidden, one.n);
            break;
          case 'sweep':
            agent.sweep(found(), holesNow(), one.parts);
            break;
          case 'check':
            agent.check(found(), holesNow());
            break;
          case 'restart':
            await agent.hangUp();
            await house.close();
            house = await aGatewayHouse({ db: await openDatabase({ file }) });
            break;
          default:
            await agent[one.do]();
        }
      }
      agent.sweep(found(), holesNow(), 2);
      await agent.deliver();

      const { db } = house;
      const stored = agent.made.filter((one) => one.isStored).map(({ report }) => report);
      const model = modelOf(stored);
      const instance = (await findInstanceByKey(db, keyId(parsePublicKeys(agent.key.publicKey)[0]!)))!;
      const open = await openFindings(db, instance.id);
      const sums = await db
        .selectFrom('report')
        .select((eb) => [eb.fn.sum<number>('opened').as('opened'), eb.fn.sum<number>('cleared').as('cleared')])
        .executeTakeFirstOrThrow();
      const drifts = [...model.open.values()].some((severity) => severity !== 'info');
      expect(new Map(open.map(({ fingerprint, severity }) => [fingerprint, severity]))).toEqual(model.open);
      expect({ opened: sums.opened ?? 0, cleared: sums.cleared ?? 0 }).toEqual(model.counts);
      expect(instance).toMatchObject({
        boot: stored.at(-1)?.boot,
        seq: stored.at(-1)?.seq,
        verdict: drifts ? 'drifted' : model.known.length > 0 ? 'unverifiable' : 'in_sync',
        stateDigest: stateDigest({
          manifest: anImageDigest,
          rules: 1,
          fingerprints: [...model.open.keys()],
          holes: model.known,
        }),
      });
      expect(instance.taint?.severity ?? null).toBe(model.taint);
      await agent.hangUp();
      await house.close();
    }),
    { numRuns: Number(process.env['PRISTINE_TEST_RUNS'] ?? 40) },
  );
});
