import { timestamp } from '../../shared/clock.ts';
import type { Group } from '../../shared/policy.ts';
import type { Machine } from '../provider/provider.ts';
import { bindMachine } from '../store/launch-store.ts';
import { failedAmong, retireLaunched } from '../store/replacement-store.ts';
import { callProvider } from './call-provider.ts';
import type { House } from './house.ts';
import { replacementOfKey } from './launch-key.ts';
import type { Listing } from './lister.ts';

export interface Orphan {
  readonly group: Group;
  readonly machine: Machine;
}

/**
 * Machines that a launch made after its replacement had already been given up: the call was lost, not undone. The failed
 * replacement is the durable intent to end them. Machines of replacements that this server does not know are left alone.
 */
export async function findOrphans(
  { db }: House,
  groups: readonly Group[],
  listing: Listing,
): Promise<readonly Orphan[]> {
  const launched = groups.flatMap((group) =>
    (listing.get(group.name) ?? []).flatMap((machine) => {
      const id = replacementOfKey(machine.launchKey);
      return id === undefined ? [] : [{ group, machine, id }];
    }),
  );
  const failed = await failedAmong(
    db,
    launched.map(({ id }) => id),
  );
  return launched.filter(({ id }) => failed.has(id));
}

export async function endOrphan({ db, clock, providers, log }: House, { group, machine }: Orphan): Promise<void> {
  const launchKey = machine.launchKey ?? '';
  const fields = { group: group.name, providerId: machine.providerId, launchKey };
  log.warn(fields, 'replace: ending a machine whose replacement had failed');
  await callProvider(clock, 'terminate', () => providers(group).terminate(group, machine.providerId));
  await db.transaction().execute(async (tx) => {
    // One that enrolled by its cloud's word was not told of a launch whose tokens are gone.
    await bindMachine(tx, { launchKey, providerId: machine.providerId, group: group.name });
    await retireLaunched(tx, launchKey, timestamp(clock.now()));
  });
}
