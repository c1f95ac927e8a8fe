import { beforeEach, describe, expect, it } from 'vitest';
import { applyReport, type Outcome } from '../../../server/intake/apply-report.ts';
import type { Db } from '../../../server/store/database.ts';
import { findInstance } from '../../../server/store/instance-store.ts';
import type { Coverage } from '../../../shared/coverage.ts';
import { digestOf } from '../../../shared/digest.ts';
import type { ReportMessage } from '../../../shared/protocol.ts';
import { stateDigest } from '../../../shared/state-digest.ts';
import { aCoverage, anImageDigest, aTime } from '../../support/builders.ts';
import { aDatabase } from '../../support/database.ts';
import { aReport } from '../../support/reports.ts';
import { insertInstance } from '../../support/rows.ts';

let db: Db;
let id: string;
beforeEach(async () => {
  db = await aDatabase();
  id = await insertInstance(db, { verdict: 'unverifiable', boot: 0, seq: 0, scan_id: null, coverage: null });
});

const apply = (report: ReportMessage): Promise<Outcome> =>
  applyReport({ db, now: Date.parse(aTime) + 1_000, evidenceTtlMs: 3_600_000 }, id, report);
const instance = async () => (await findInstance(db, id))!;

describe('a component laid over the image', () => {
  const laidOver = [{ name: 'cni-calico', version: '1', digest: digestOf('component'), entries: 3 }];
  const reportWith = (seq: number, components: Coverage['components'], overrides: Partial<ReportMessage> = {}) => {
    const digests = components?.map(({ digest }) => digest);
    const digest = stateDigest({ manifest: anImageDigest, rules: 1, fingerprints: [], holes: [], components: digests });
    const coverage = { ...aCoverage(), ...(components && { components }) };
    return aReport({ seq, coverage, stateDigest: digest, ...overrides });
  };

  it('is part of the state that both ends agree on, and of what is kept as evidence', async () => {
    const outcomes = [await apply(reportWith(1, laidOver)), await apply(reportWith(2, undefined))];

    expect(outcomes).toMatchObject([{ wantsScan: false }, { wantsScan: false }]);
    expect((await instance()).coverage?.components).toBeUndefined();
    const evidence = await db.selectFrom('evidence').select(['state_digest', 'scans']).execute();
    expect(evidence).toHaveLength(2);
    expect(new Set(evidence.map(({ state_digest }) => state_digest)).size).toBe(2);
  });

  it('is known from the check that first compared with it', async () => {
    await apply(reportWith(1, undefined));

    const outcome = await apply(reportWith(2, laidOver, { full: false }));

    expect(outcome).toMatchObject({ wantsScan: false });
    expect((await instance()).coverage?.components).toEqual(laidOver);
  });

  it('that the digest does not cover is a reason to sweep', async () => {
    const digest = (await apply(reportWith(1, undefined))) && (await instance()).stateDigest!;

    expect(await apply(reportWith(2, laidOver, { stateDigest: digest }))).toMatchObject({ wantsScan: true });
  });
});
