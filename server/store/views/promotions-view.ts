import type { Promotion } from '../../../shared/api-promotions.ts';
import type { Db } from '../database.ts';
import { storedPromotion } from '../promotion-store.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

/** Of one group, all channels; newest first. */
export async function listPromotions(db: Db, group: string, query: PageQuery): Promise<Page<Promotion>> {
  const before = readCursor(query, 1)?.[0];
  let select = db
    .selectFrom('promotion')
    .selectAll()
    .where('group_name', '=', group)
    .orderBy('id', 'desc')
    .limit(query.limit + 1);
  if (before !== undefined) select = select.where('id', '<', Number(before));
  return pageOfRows(await select.execute(), query, ({ id }) => [String(id)], storedPromotion);
}
