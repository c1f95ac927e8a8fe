import { timestamp } from '../../shared/clock.ts';
import type { Db } from './database.ts';
import type { RequestTable } from './tables.ts';

/** What a person asked for and nobody could begin is forgotten after a day: by then it is another day's decision. */
const requestMsMax = 24 * 3_600_000;

/** Times are milliseconds since the epoch. */
export interface RequestedReplacement {
  readonly policy: string;
  readonly reason: string;
  readonly by: string;
  readonly at: number;
}

export async function writeRequest(tx: Db, request: RequestTable): Promise<void> {
  const { instance_id: _, ...values } = request;
  await tx
    .insertInto('replacement_request')
    .values(request)
    .onConflict((conflict) => conflict.column('instance_id').doUpdateSet(values))
    .execute();
}

/** Of those that are not forgotten yet, by instance. */
export async function readRequests(db: Db, now: number): Promise<ReadonlyMap<string, RequestedReplacement>> {
  const rows = await db
    .selectFrom('replacement_request')
    .selectAll()
    .where('asked_at', '>', timestamp(now - requestMsMax))
    .execute();
  return new Map(
    rows.map((row) => [
      row.instance_id,
      { policy: row.policy, reason: row.reason, by: row.actor, at: Date.parse(row.asked_at) },
    ]),
  );
}

/** It has begun. */
export async function dropRequest(tx: Db, instanceId: string): Promise<void> {
  await tx.deleteFrom('replacement_request').where('instance_id', '=', instanceId).execute();
}
