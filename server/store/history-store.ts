import type { Db } from './database.ts';
import { pruneLooks } from './look-store.ts';

/** Instances of one batch, and rows of each kind that a batch deletes: its transaction stays short. */
const instancesMax = 100;
const rowsMax = 1_000;

/**
 * Deletes what ended before `before`, of the next instances after `afterId`: closed findings with the drifts that nobody
 * has any more and the relabels they were part of, evidence, reports, outside looks. Findings stay as long as the taint they explain; what is open stays, unless its
 * instance is retired. Answers the `afterId` of the next batch, undefined after the last.
 */
export async function pruneHistory(
  db: Db,
  { afterId, before }: { readonly afterId: string; readonly before: string },
): Promise<string | undefined> {
  return db.transaction().execute(async (tx) => {
    const rows = await tx
      .selectFrom('instance')
      .select('id')
      .where('id', '>', afterId)
      .orderBy('id')
      .limit(instancesMax)
      .execute();
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return undefined;
    const deleted = [
      await pruneFindings(tx, ids, before),
      await pruneRelabels(tx, ids, before),
      await pruneEvidence(tx, ids, before),
      await pruneReports(tx, ids, before),
      await pruneLooks(tx, ids, before, rowsMax),
    ];
    return deleted.some((count) => count === rowsMax) ? afterId : ids.at(-1);
  });
}

async function pruneFindings(tx: Db, ids: readonly string[], before: string): Promise<number> {
  const ended = tx
    .selectFrom('finding')
    .innerJoin('instance', 'instance.id', 'finding.instance_id')
    .select(['finding.instance_id', 'finding.fingerprint'])
    .where('finding.instance_id', 'in', ids)
    .where('finding.last_seen_at', '<', before)
    .where(({ eb, or, and, ref }) =>
      or([
        eb('instance.lifecycle', '=', 'retired'),
        and([
          eb('finding.closed_at', '<', before),
          or([eb('instance.taint_at', 'is', null), eb('finding.closed_at', '<', ref('instance.taint_at'))]),
        ]),
      ]),
    )
    .limit(rowsMax)
    .$asTuple('instance_id', 'fingerprint');
  const deleted = await tx
    .deleteFrom('finding')
    .where(({ eb, refTuple }) => eb(refTuple('instance_id', 'fingerprint'), 'in', ended))
    .returning('fingerprint')
    .execute();
  if (deleted.length > 0) {
    const fingerprints = deleted.map(({ fingerprint }) => fingerprint);
    await tx
      .deleteFrom('drift')
      .where('fingerprint', 'in', fingerprints)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(selectFrom('finding').select('fingerprint').whereRef('finding.fingerprint', '=', 'drift.fingerprint')),
        ),
      )
      .execute();
  }
  return deleted.length;
}

/** A relabel goes with the last finding that is beneath it. */
async function pruneRelabels(tx: Db, ids: readonly string[], before: string): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('relabel')
    .where('instance_id', 'in', ids)
    .where('last_seen_at', '<', before)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('finding')
            .select('fingerprint')
            .whereRef('finding.instance_id', '=', 'relabel.instance_id')
            .whereRef('finding.relabel', '=', 'relabel.kind')
            .where('folded', '=', 1),
        ),
      ),
    )
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

async function pruneEvidence(tx: Db, ids: readonly string[], before: string): Promise<number> {
  const ended = tx
    .selectFrom('evidence')
    .select('id')
    .where('instance_id', 'in', ids)
    .where('to_at', '<', before)
    .limit(rowsMax);
  const { numDeletedRows } = await tx.deleteFrom('evidence').where('id', 'in', ended).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

async function pruneReports(tx: Db, ids: readonly string[], before: string): Promise<number> {
  const ended = tx
    .selectFrom('report')
    .select(['instance_id', 'boot', 'seq'])
    .where('instance_id', 'in', ids)
    .where('received_at', '<', before)
    .limit(rowsMax)
    .$asTuple('instance_id', 'boot', 'seq');
  const { numDeletedRows } = await tx
    .deleteFrom('report')
    .where(({ eb, refTuple }) => eb(refTuple('instance_id', 'boot', 'seq'), 'in', ended))
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
