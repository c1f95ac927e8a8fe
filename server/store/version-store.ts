import type { Group } from '../../shared/policy.ts';
import type { Db } from './database.ts';

/** Every version of what people declared: who, when, and the document as it was stored. */

export interface NewVersion {
  readonly kind: 'Group' | 'Policy';
  readonly name: string;
  readonly version: number;
  readonly spec: string;
  readonly actor: string;
  readonly at: string;
}

/** Belongs into the transaction of the change. */
export async function recordVersion(tx: Db, version: NewVersion): Promise<void> {
  await tx.insertInto('spec_version').values(version).execute();
}

/** Who applied it. */
export async function authorOf(db: Db, kind: NewVersion['kind'], name: string, version: number): Promise<string> {
  const row = await db
    .selectFrom('spec_version')
    .select('actor')
    .where('kind', '=', kind)
    .where('name', '=', name)
    .where('version', '=', version)
    .executeTakeFirst();
  return row?.actor ?? 'admin';
}

/** Versions that are looked through for who promoted an image: beyond, whoever changed the group last counts as that. */
const versionsMax = 500;

/** Who applied the version of the group with which an image came to be promoted, and has been since. Undefined where it is not. */
export async function promoterOf(db: Db, group: string, ref: string): Promise<string | undefined> {
  const rows = await db
    .selectFrom('spec_version')
    .select(['spec', 'actor'])
    .where('kind', '=', 'Group')
    .where('name', '=', group)
    .orderBy('version', 'desc')
    .limit(versionsMax)
    .execute();
  let promoter: string | undefined;
  for (const { spec, actor } of rows) {
    // As it was then: a later release may not take it any more, and it is asked for its images only.
    const { images } = JSON.parse(spec) as Pick<Group, 'images'>;
    if (!Object.values(images).includes(ref)) return promoter;
    promoter = actor;
  }
  return promoter;
}
