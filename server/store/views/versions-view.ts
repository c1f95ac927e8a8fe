import type { SpecVersion } from '../../../shared/api-policies.ts';
import { digestOf } from '../../../shared/digest.ts';
import { Document } from '../../../shared/policy.ts';
import type { Db } from '../database.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

/** Newest first. */
export async function listVersions(
  db: Db,
  kind: Document['kind'],
  name: string,
  query: PageQuery,
): Promise<Page<SpecVersion>> {
  const before = readCursor(query, 1)?.[0];
  let select = db
    .selectFrom('spec_version')
    .selectAll()
    .where('kind', '=', kind)
    .where('name', '=', name)
    .orderBy('version', 'desc')
    .limit(query.limit + 1);
  if (before !== undefined) select = select.where('version', '<', Number(before));
  return pageOfRows(
    await select.execute(),
    query,
    (row) => [String(row.version)],
    ({ version, at, actor, spec }) => {
      const document = Document.safeParse(JSON.parse(spec));
      return { version, at, actor, digest: digestOf(spec), document: document.success ? document.data : null };
    },
  );
}
