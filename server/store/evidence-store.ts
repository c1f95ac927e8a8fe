import { timestamp } from '../../shared/clock.ts';
import type { Verdict } from '../../shared/verdict.ts';
import type { Db } from './database.ts';
import { prepared } from './prepared.ts';

export interface EvidenceOfScan {
  readonly instanceId: string;
  readonly imageDigest: string;
  readonly rules: number;
  readonly verdict: Verdict;
  readonly stateDigest: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

/**
 * Notes a complete scan: extends the instance's last interval when this scan says the same and began before that one
 * expired, else opens the next. A time in which nothing was looked at is in no interval.
 */
export async function recordEvidence(db: Db, scan: EvidenceOfScan, evidenceTtlMs: number): Promise<void> {
  const [last] = await latest(db, { instanceId: scan.instanceId });
  const same =
    last !== undefined &&
    last.image_digest === scan.imageDigest &&
    last.rules === scan.rules &&
    last.verdict === scan.verdict &&
    last.state_digest === scan.stateDigest &&
    // A clock that was set back: this scan is not in that interval.
    scan.startedAt >= last.from_at &&
    Date.parse(scan.startedAt) - Date.parse(last.to_at) < evidenceTtlMs;
  if (same) {
    const to_at = timestamp(Math.max(Date.parse(scan.finishedAt), Date.parse(last.to_at)));
    await extend(db, { id: last.id, to_at, scans: last.scans + 1 });
    return;
  }
  await db
    .insertInto('evidence')
    .values({
      instance_id: scan.instanceId,
      image_digest: scan.imageDigest,
      rules: scan.rules,
      verdict: scan.verdict,
      state_digest: scan.stateDigest,
      from_at: scan.startedAt,
      to_at: scan.finishedAt,
      scans: 1,
    })
    .execute();
}

const latest = prepared<{ instanceId: string }>()((db, gap) =>
  db.selectFrom('evidence').selectAll().where('instance_id', '=', gap('instanceId')).orderBy('id', 'desc').limit(1),
);

const extend = prepared<{ id: number; to_at: string; scans: number }>()((db, gap) =>
  db
    .updateTable('evidence')
    .set({ to_at: gap('to_at'), scans: gap('scans') })
    .where('id', '=', gap('id')),
);

/** Whether intake recorded this scan when its report arrived: it is in an interval in sync, of this image and state. */
export async function isOnRecord(db: Db, scan: Omit<EvidenceOfScan, 'verdict'>): Promise<boolean> {
  const row = await db
    .selectFrom('evidence')
    .select('id')
    .where('instance_id', '=', scan.instanceId)
    .where('image_digest', '=', scan.imageDigest)
    .where('rules', '=', scan.rules)
    .where('verdict', '=', 'in_sync')
    .where('state_digest', '=', scan.stateDigest)
    .where('from_at', '<=', scan.startedAt)
    .where('to_at', '>=', scan.finishedAt)
    .executeTakeFirst();
  return row !== undefined;
}
