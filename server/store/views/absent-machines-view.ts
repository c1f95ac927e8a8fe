import type { AbsentMachine } from '../../../shared/api-absent.ts';
import type { Db } from '../database.ts';
import { type Page, type PageQuery, pageOfRows, readCursor } from './page.ts';

export interface AbsentQuery extends PageQuery {
  readonly group?: string | undefined;
}

/** By group and id. */
export async function listAbsentMachines(db: Db, query: AbsentQuery): Promise<Page<AbsentMachine>> {
  const after = readCursor(query, 2);
  let select = db
    .selectFrom('machine')
    .selectAll()
    .where('told', '=', 'absent')
    .orderBy('group_name')
    .orderBy('provider_id')
    .limit(query.limit + 1);
  if (after !== undefined) {
    const [group = '', providerId = ''] = after;
    select = select.where((eb) =>
      eb.or([eb('group_name', '>', group), eb.and([eb('group_name', '=', group), eb('provider_id', '>', providerId)])]),
    );
  }
  if (query.group !== undefined) select = select.where('group_name', '=', query.group);
  return pageOfRows(
    await select.execute(),
    query,
    (row) => [row.group_name, row.provider_id],
    (row) => ({
      ...{ group: row.group_name, providerId: row.provider_id, zone: row.zone },
      ...{ liveness: 'absent', listedSince: row.first_listed_at },
    }),
  );
}
