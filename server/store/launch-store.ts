import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Db } from './database.ts';
import { appendEvent } from './event-store.ts';
import type { LaunchTable } from './tables.ts';

/** What a person asks for. */
export interface AskedLaunch {
  readonly group: string;
  /** NAME@VERSION. */
  readonly image: string;
  readonly key: string;
  readonly count: number;
  readonly actor: string;
}

/** Notes that machines are to be launched, before anybody is asked to. Errors: CONFLICT for a key that another group has. */
export async function intendLaunches(
  db: Db,
  keys: readonly string[],
  { group, ...asked }: AskedLaunch,
  now: number,
): Promise<LaunchTable[]> {
  return db.transaction().execute(async (tx) => {
    let begun = 0n;
    for (const key of keys) {
      const { numInsertedOrUpdatedRows = 0n } = await tx
        .insertInto('launch')
        .values({ key, group_name: group, provider_id: null, created_at: timestamp(now) })
        .onConflict((conflict) => conflict.column('key').doNothing())
        .executeTakeFirst();
      begun += numInsertedOrUpdatedRows;
    }
    const rows = await tx.selectFrom('launch').selectAll().where('key', 'in', keys).execute();
    const other = rows.find((row) => row.group_name !== group);
    if (other) throw new CodedError('CONFLICT', `launch key ${other.key} belongs to group ${other.group_name}`);
    if (begun > 0n)
      await appendEvent(tx, { at: timestamp(now), type: 'launch.requested', groupName: group, data: asked });
    return rows;
  });
}

export async function launchDone(db: Db, key: string, providerId: string): Promise<void> {
  await db.updateTable('launch').set({ provider_id: providerId }).where('key', '=', key).execute();
}

/** What the provider will never make: nobody is to try it again, and nothing that was prepared for it lets anybody in. */
export async function dropLaunch(db: Db, key: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await tx.deleteFrom('launch').where('key', '=', key).where('provider_id', 'is', null).execute();
    await tx.deleteFrom('join_token').where('launch_key', '=', key).where('provider_id', 'is', null).execute();
  });
}

/** Launches that somebody asked for and nobody finished: the server ended in between, or the provider failed. */
export async function openLaunches(db: Db): Promise<LaunchTable[]> {
  return db.selectFrom('launch').selectAll().where('provider_id', 'is', null).orderBy('created_at').execute();
}

/** What a launch made, as its provider calls it. */
export interface LaunchedMachine {
  readonly launchKey: string;
  readonly providerId: string;
  readonly group: string;
}

/**
 * Says which machine a launch made, whether its agent has enrolled yet or will do so later: with a token of the launch, which
 * has its key, or because a cloud vouches for the machine, which has its id.
 */
export async function bindMachine(db: Db, { launchKey, providerId, group }: LaunchedMachine): Promise<void> {
  for (const table of ['instance', 'join_token'] as const) {
    await db
      .updateTable(table)
      .set({ provider_id: providerId })
      .where('launch_key', '=', launchKey)
      .where('provider_id', 'is', null)
      .execute();
  }
  await db
    .updateTable('instance')
    .set({ launch_key: launchKey })
    .where('provider_id', '=', providerId)
    .where('group_name', '=', group)
    .where('launch_key', 'is', null)
    .where('lifecycle', '!=', 'retired')
    .execute();
}

/** The key of the launch that made this machine, as long as its tokens are kept; null for a machine that is not ours. */
export async function findLaunchOfMachine(db: Db, group: string, providerId: string): Promise<string | null> {
  const row = await db
    .selectFrom('join_token')
    .select('launch_key')
    .where('provider_id', '=', providerId)
    .where('group_name', '=', group)
    .where('launch_key', 'is not', null)
    .orderBy('id', 'desc')
    .executeTakeFirst();
  return row?.launch_key ?? null;
}
