import type { Db } from './database.ts';
import type { MachineTable } from './tables.ts';

/** What a group's provider listed so far, by id. */
export async function readMachines(db: Db, group: string): Promise<ReadonlyMap<string, MachineTable>> {
  const rows = await db.selectFrom('machine').selectAll().where('group_name', '=', group).execute();
  return new Map(rows.map((row) => [row.provider_id, row]));
}

/** Written when a machine is first listed, and when something about it has changed. */
export async function writeMachine(db: Db, machine: MachineTable): Promise<void> {
  const { zone, told } = machine;
  await db
    .insertInto('machine')
    .values(machine)
    .onConflict((conflict) => conflict.columns(['group_name', 'provider_id']).doUpdateSet({ zone, told }))
    .execute();
}

export async function forgetMachine(db: Db, group: string, providerId: string): Promise<void> {
  await db.deleteFrom('machine').where('group_name', '=', group).where('provider_id', '=', providerId).execute();
}

/** As it was last listed; null where nobody knows. */
export async function zoneOf(db: Db, group: string, providerId: string | null): Promise<string | null> {
  if (providerId === null) return null;
  const row = await db
    .selectFrom('machine')
    .select('zone')
    .where('group_name', '=', group)
    .where('provider_id', '=', providerId)
    .executeTakeFirst();
  return row?.zone ?? null;
}
