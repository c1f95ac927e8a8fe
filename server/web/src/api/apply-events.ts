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
  for (const queryKey of [...everyTime, ...decidedBy(events)]) void client.invalidateQueries({ queryKey });
}

/** Only what a page shows is read again for it; the rest is read when it is shown. */
const everyTime = [keys.groups, keys.replacements, keys.allOfReplacement, keys.plans, keys.audit] as const;

/** What people decide is shown on every page, so it is read again only for what may have changed it. By the noun of the event. */
const decisions: Readonly<Record<string, readonly (readonly string[])[]>> = {
  hold: [keys.holds],
  approval: [keys.approvals],
  replacement: [keys.approvals, keys.quarantines],
  policy: [keys.approvals, keys.policies, keys.allOfPolicyVersions],
  group: [keys.approvals, keys.allOfPromotions],
  image: [keys.approvals, keys.images, keys.allOfPromotions],
  rollout: [keys.allOfPromotions],
  quarantine: [keys.quarantines],
  exemption: [keys.exemptions],
  instance: [keys.absent, keys.quarantines],
};

function decidedBy(events: readonly FleetEvent[]): ReadonlySet<readonly string[]> {
  const nouns = new Set(events.map(({ type }) => type.split('.')[0] ?? ''));
  return new Set([...nouns].flatMap((noun) => decisions[noun] ?? []));
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
