import type { Db } from './database.ts';
import { prepared } from './prepared.ts';

/** All that are not retired. */
export async function listPresent(db: Db): Promise<readonly { readonly id: string; readonly group: string }[]> {
  return db.selectFrom('instance').select(['id', 'group_name as group']).where('lifecycle', '!=', 'retired').execute();
}

export interface HeardInstance {
  readonly id: string;
  readonly group: string;
  readonly providerId: string | null;
}

/** Those that are not retired and were heard then or later. */
export async function listHeardSince(db: Db, at: string): Promise<readonly HeardInstance[]> {
  return db
    .selectFrom('instance')
    .select(['id', 'group_name as group', 'provider_id as providerId'])
    .where('lifecycle', '!=', 'retired')
    .where('last_seen_at', '>=', at)
    .execute();
}

/** One transaction for many: hearing from an instance writes nothing by itself. Never goes back. */
export async function flushLastSeen(db: Db, seen: ReadonlyMap<string, string>): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const [id, at] of seen) await updateLastSeen(tx, { id, at });
  });
}

const updateLastSeen = prepared<{ id: string; at: string }>()((db, gap) =>
  db
    .updateTable('instance')
    .set({ last_seen_at: gap('at') })
    .where('id', '=', gap('id'))
    .where('last_seen_at', '<', gap('at')),
);
