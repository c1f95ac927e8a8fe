import { sql } from 'kysely';
import { filesWithoutRelabelMax } from '../../shared/relabel.ts';
import { type Severity, severities } from '../../shared/severity.ts';
import type { Db } from './database.ts';
import { prepared } from './prepared.ts';

/** Of a row, its place in `severities`. */
export const rankOfRow = sql<number>`case severity ${sql.join(
  severities.map((severity, rank) => sql`when ${sql.lit(severity)} then ${sql.lit(rank)}`),
  sql` `,
)} end`;

/** The gravest of the rows. */
export const severityRank = sql<number>`max(${rankOfRow})`;

/**
 * Puts what is open of an instance beneath the relabels that it makes, or takes it out again: of one kind, more than a few
 * are one thing that was done. What has closed stays where it was.
 */
export async function foldRelabels(db: Db, instanceId: string, at: string): Promise<void> {
  const relabels = await manyOfOneKind(db, { instanceId });
  // Mostly so, and then nothing is looked at: what is beneath a relabel has one that is open.
  if (relabels.length === 0 && (await openRelabel(db, { instanceId })).length === 0) return;
  const kinds = relabels.map(({ relabel }) => relabel!);
  await setFolded(db, instanceId, kinds);
  for (const { relabel, files, rank } of relabels) {
    await keepRelabel(db, { instanceId, kind: relabel!, files, severity: severities[rank] ?? 'info', at });
  }
  let others = db
    .updateTable('relabel')
    .set({ closed_at: at })
    .where('instance_id', '=', instanceId)
    .where('closed_at', 'is', null);
  if (kinds.length > 0) others = others.where('kind', 'not in', kinds);
  await others.execute();
}

/** Of what is open and may be part of a relabel, which has an index of its own. */
const manyOfOneKind = prepared<{ instanceId: string }>()((db, gap) =>
  db
    .selectFrom('finding')
    .select((eb) => ['relabel', eb.fn.countAll<number>().as('files'), severityRank.as('rank')])
    .where('instance_id', '=', gap('instanceId'))
    .where('closed_at', 'is', null)
    .where('relabel', 'is not', null)
    .groupBy('relabel')
    .having((eb) => eb.fn.countAll<number>(), '>', filesWithoutRelabelMax),
);

const openRelabel = prepared<{ instanceId: string }>()((db, gap) =>
  db
    .selectFrom('relabel')
    .select('kind')
    .where('instance_id', '=', gap('instanceId'))
    .where('closed_at', 'is', null)
    .limit(1),
);

async function setFolded(db: Db, instanceId: string, kinds: readonly string[]): Promise<void> {
  const open = (folded: 0 | 1) =>
    db
      .updateTable('finding')
      .set({ folded })
      .where('instance_id', '=', instanceId)
      .where('closed_at', 'is', null)
      .where('folded', '!=', folded);
  if (kinds.length > 0) await open(1).where('relabel', 'in', kinds).execute();
  await open(0)
    .where((eb) =>
      eb.or([eb('relabel', 'is', null), ...(kinds.length > 0 ? [eb('relabel', 'not in', kinds)] : [sql.lit(true)])]),
    )
    .execute();
}

interface KeptRelabel {
  readonly instanceId: string;
  readonly kind: string;
  readonly files: number;
  readonly severity: Severity;
  readonly at: string;
}

async function keepRelabel(db: Db, { instanceId, kind, files, severity, at }: KeptRelabel): Promise<void> {
  const now = { files, severity, last_seen_at: at, closed_at: null };
  await db
    .insertInto('relabel')
    .values({ instance_id: instanceId, kind, first_seen_at: at, ...now })
    .onConflict((conflict) => conflict.columns(['instance_id', 'kind']).doUpdateSet(now))
    .execute();
}
