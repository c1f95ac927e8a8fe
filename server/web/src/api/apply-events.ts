import type { QueryClient } from '@tanstack/react-query';
import { ApiError } from './client.ts';
import { fetchInstance, type InstanceList, keys } from './queries.ts';
import type { FleetEvent, Instance } from './types.ts';

/** More changed instances than this at once, and the whole list is read again instead of each of them. */
const singleReadsMax = 20;

/**
 * Makes the shown data current after some events. An event only says where to look; the resource is the truth.
 * Changed instances are read one by one and put into the list, so that one change in a fleet of ten thousand costs one request.
 */
export async function applyEvents(client: QueryClient, events: readonly FleetEvent[]): Promise<void> {
  const instanceIds = [...new Set(events.flatMap(({ instanceId }) => instanceId ?? []))];
  const everywhere = events.some(({ type }) => type === 'group.changed' || type === 'image.pushed');
  const listRunning = client.isFetching({ queryKey: keys.instances }) > 0;
  if (everywhere || listRunning || instanceIds.length > singleReadsMax) {
    void client.invalidateQueries({ queryKey: keys.instances });
    void client.invalidateQueries({ queryKey: keys.allOfInstance });
  } else {
    await Promise.all(instanceIds.map((id) => refreshInstance(client, id)));
  }
  const others = [keys.groups, keys.replacements, keys.allOfReplacement, keys.plans];
  for (const queryKey of others) void client.invalidateQueries({ queryKey });
}

async function refreshInstance(client: QueryClient, id: string): Promise<void> {
  void client.invalidateQueries({ queryKey: keys.findings(id) });
  void client.invalidateQueries({ queryKey: keys.looks(id) });
  let instance: Instance;
  try {
    instance = await fetchInstance(id);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return removeFromList(client, id);
    void client.invalidateQueries({ queryKey: keys.instances });
    return;
  }
  client.setQueryData<Instance>(keys.instance(id), instance);
  if (instance.lifecycle === 'retired') return removeFromList(client, id);
  client.setQueryData<InstanceList>(keys.instances, (list) => list && { ...list, items: withInstance(list, instance) });
}

function withInstance(list: InstanceList, instance: Instance): readonly Instance[] {
  const known = list.items.some(({ id }) => id === instance.id);
  return known ? list.items.map((item) => (item.id === instance.id ? instance : item)) : [...list.items, instance];
}

function removeFromList(client: QueryClient, id: string): void {
  client.setQueryData<InstanceList>(
    keys.instances,
    (list) => list && { ...list, items: list.items.filter((item) => item.id !== id) },
  );
}
