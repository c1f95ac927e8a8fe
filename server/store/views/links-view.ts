import type { ImageLink } from '../../../shared/api-enrolment.ts';
import type { Db } from '../database.ts';
import { linkOf, linkRows } from '../link-store.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

/** By the name that the cloud has for the image. */
export async function listLinks(db: Db, query: PageQuery): Promise<Page<ImageLink>> {
  const after = readCursor(query, 1)?.[0];
  let select = linkRows(db)
    .orderBy('cloud_image')
    .limit(query.limit + 1);
  if (after !== undefined) select = select.where('cloud_image', '>', after);
  return pageOfRows(await select.execute(), query, (row) => [row.cloud_image], linkOf);
}
