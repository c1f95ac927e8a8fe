import type { PushedImage } from '../../../shared/api.ts';
import type { Db } from '../database.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

/** Newest first. */
export async function listImages(db: Db, query: PageQuery): Promise<Page<PushedImage>> {
  const before = readCursor(query, 2);
  let select = imageRows(db)
    .orderBy('pushed_at', 'desc')
    .orderBy('digest', 'desc')
    .limit(query.limit + 1);
  if (before !== undefined) {
    const [at = '', digest = ''] = before;
    select = select.where((eb) =>
      eb.or([eb('pushed_at', '<', at), eb.and([eb('pushed_at', '=', at), eb('digest', '<', digest)])]),
    );
  }
  return pageOfRows(await select.execute(), query, (row) => [row.pushed_at, row.digest], imageOf);
}

export async function findPushedImage(db: Db, digest: string): Promise<PushedImage | undefined> {
  const row = await imageRows(db).where('digest', '=', digest).executeTakeFirst();
  return row && imageOf(row);
}

function imageRows(db: Db) {
  return db
    .selectFrom('image')
    .select([
      'digest',
      'name',
      'version',
      'platform',
      'entries',
      'rules_sequence',
      'signed_by',
      'pushed_at',
      'entries_kept',
    ])
    .select((eb) =>
      eb
        .selectFrom('instance')
        .select(eb.fn.countAll<number>().as('n'))
        .whereRef('instance.image_digest', '=', 'image.digest')
        .where('instance.lifecycle', '!=', 'retired')
        .as('instances'),
    );
}

function imageOf(row: Awaited<ReturnType<ReturnType<typeof imageRows>['execute']>>[number]): PushedImage {
  return {
    name: row.name,
    version: row.version,
    digest: row.digest,
    platform: JSON.parse(row.platform),
    entries: row.entries,
    rules: row.rules_sequence,
    entriesKept: row.entries_kept === 1,
    signedBy: JSON.parse(row.signed_by),
    pushedAt: row.pushed_at,
    instances: row.instances ?? 0,
  };
}
