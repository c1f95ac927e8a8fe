import { timestamp } from '../../shared/clock.ts';
import type { Group } from '../../shared/policy.ts';
import type { Machine } from '../provider/provider.ts';
import { appendEvent } from '../store/event-store.ts';
import { bindMachine } from '../store/launch-store.ts';
import { failedAmong, retireLaunched } from '../store/replacement-store.ts';
import { callProvider } from './call-provider.ts';
import type { House } from './house.ts';
import { replacementOfKey } from './launch-key.ts';
import type { Listing } from './lister.ts';

/** What is left at a provider of a replacement that was given up. */
export interface Remains {
  readonly group: Group;
  readonly machine: Machine;
  /** It was launched for the replacement, or drained for it. */
  readonly was: 'launched' | 'drained';
}

/**
 * What a call did after its replacement had already been given up: the call was lost, not undone. The failed replacement is
 * the durable intent to take it back. What bears the mark of no replacement that this server knows is left alone.
 */
export async function findRemains(
  { db }: Pick<House, 'db'>,
  groups: readonly Group[],
  listing: Listing,
): Promise<readonly Remains[]> {
  const marked = groups.flatMap((group) =>
    (listing.get(group.name) ?? []).flatMap((machine) => {
      const ids = { launched: replacementOfKey(machine.launchKey), drained: replacementOfKey(machine.drainedBy) };
      return (['launched', 'drained'] as const).flatMap((was) => {
        const id = ids[was];
        return id === undefined ? [] : [{ group, machine, was, id }];
      });
    }),
  );
  const failed = await failedAmong(
    db,
    marked.map(({ id }) => id),
  );
  return marked.filter(({ id }) => failed.has(id));
}

/** Ends what was launched, and gives back to service what was drained. Each time it is tried is told before. */
export async function takeBack({ db, clock, providers, log }: House, { group, machine, was }: Remains): Promise<void> {
  const { providerId, launchKey, drainedBy } = machine;
  const provider = providers(group);
  const replacementId = replacementOfKey(was === 'drained' ? drainedBy : launchKey) ?? '';
  const event = { at: timestamp(clock.now()), type: 'replacement.taken-back' as const, groupName: group.name };
  await db.transaction().execute((tx) => appendEvent(tx, { ...event, replacementId, data: { providerId, was } }));
  if (was === 'drained') {
    log.warn(
      { group: group.name, providerId, drainedBy },
      'replace: giving back a machine whose replacement had failed',
    );
    await callProvider(clock, 'restore', () => provider.restore(group, providerId, drainedBy ?? ''));
    return;
  }
  log.warn({ group: group.name, providerId, launchKey }, 'replace: ending a machine whose replacement had failed');
  await callProvider(clock, 'terminate', () => provider.terminate(group, providerId));
  await db.transaction().execute(async (tx) => {
    // One that enrolled by its cloud's word was not told of a launch whose tokens are gone.
    await bindMachine(tx, { launchKey: launchKey ?? '', providerId, group: group.name });
    await retireLaunched(tx, launchKey ?? '', timestamp(clock.now()));
  });
}
