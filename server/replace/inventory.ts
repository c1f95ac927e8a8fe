import { timestamp } from '../../shared/clock.ts';
import { durationMs } from '../../shared/duration.ts';
import type { Group } from '../../shared/policy.ts';
import { retireInstance } from '../fleet/identities.ts';
import type { Machine } from '../provider/provider.ts';
import type { Db } from '../store/database.ts';
import { appendEvent } from '../store/event-store.ts';
import { forgetMachine, readMachines, writeMachine } from '../store/machine-store.ts';
import { endedStates } from '../store/replacement-store.ts';
import type { MachineTable } from '../store/tables.ts';
import type { House } from './house.ts';
import { launchKeyOf } from './launch-key.ts';
import type { Listing } from './lister.ts';
import { witnessOf } from './silence.ts';

/** Between two looks at what providers list; one that is not in two of them is gone. */
export const inventoryEveryMs = 60_000;
/** An empty list where there were many is believed when nothing else was listed for so long. */
const emptyMsMin = 3_600_000;
const enrolWithinDefault = '15m';
/** Silent for so long beside a machine that runs, an agent has somebody called. */
const silentMsMin = 900_000;

export interface Inventory {
  /** Brings what is known of the machines up to what was just listed, once a minute. */
  follow(db: Db, groups: readonly Group[], listing: Listing): Promise<void>;
}

/** Instances of a group whose machine is known, retired ones left out. */
interface Speaker {
  readonly id: string;
  readonly providerId: string;
  readonly lifecycle: string;
  readonly launchKey: string | null;
}

/**
 * The actor that compares the lists of providers with the instances: whose machine is gone is retired, a machine without an
 * agent is absent, and a silent agent on a machine that runs is told of. Nothing is replaced for any of it. An error says
 * nothing, and who speaks lives, whatever a list leaves out.
 */
export function createInventory(
  { clock, feed, log, isOnline }: Pick<House, 'clock' | 'feed' | 'log' | 'isOnline'>,
  silentMs: (instanceId: string) => number | null,
): Inventory {
  /** By group and machine: when it was first left out, by the monotonic clock. */
  const missing = new Map<string, Map<string, number>>();
  const emptySince = new Map<string, number>();
  let followedAt = Number.NEGATIVE_INFINITY;

  return {
    async follow(db, groups, listing) {
      if (clock.monotonic() - followedAt < inventoryEveryMs) return;
      followedAt = clock.monotonic();
      for (const group of groups) {
        const machines = listing.get(group.name) ?? null;
        if (machines !== null) await compare(db, group, machines);
      }
    },
  };

  async function compare(db: Db, group: Group, machines: readonly Machine[]): Promise<void> {
    const known = await readMachines(db, group.name);
    // One that we launched was there, though it may have gone before it was in any list of these.
    const launchedHere = [...(await readSpeakers(db, group.name))].filter(([, own]) =>
      own.some((one) => one.launchKey),
    );
    const all = new Set([...known.keys(), ...launchedHere.map(([providerId]) => providerId)]);
    if (isDoubtful(group.name, machines.length, all.size)) {
      log.warn({ group: group.name, known: all.size }, 'replace: the provider lists no machine where there were many');
      return;
    }
    const now = clock.now();
    const gone = goneOf(group.name, new Set(machines.map(({ providerId }) => providerId)), all);
    const changes = await db.transaction().execute(async (tx) => {
      const speakers = await readSpeakers(tx, group.name);
      const launched = await launchKeysUnderWay(tx, group.name);
      let count = 0;
      for (const machine of machines) {
        const own = speakers.get(machine.providerId) ?? [];
        const row = known.get(machine.providerId);
        const isAwaited = launched.has(machine.launchKey ?? '');
        const next = rowOf(group, machine, row, { own, isAwaited, now });
        if (row?.zone === next.zone && row.told === next.told) continue;
        await writeMachine(tx, next);
        if (next.told !== null && next.told !== row?.told) await tell(tx, next, own[0]?.id, now);
        count += 1;
      }
      for (const providerId of gone) {
        const own = speakers.get(providerId) ?? [];
        // Whoever speaks is not gone, and a replacement under way sees for itself what became of its machines.
        if (own.some((one) => isOnline(one.id) || one.lifecycle === 'replacing' || launched.has(one.launchKey ?? '')))
          continue;
        await forgetMachine(tx, group.name, providerId);
        for (const { id } of own.filter(({ lifecycle }) => lifecycle === 'active'))
          await retireInstance(tx, id, timestamp(now), { reason: 'its provider has no such machine any more' });
        count += 1;
      }
      return count;
    });
    if (changes > 0) feed.wake();
  }

  function isDoubtful(group: string, listed: number, known: number): boolean {
    if (listed > 0 || known <= 1) {
      emptySince.delete(group);
      return false;
    }
    const since = emptySince.get(group) ?? clock.monotonic();
    emptySince.set(group, since);
    return clock.monotonic() - since < emptyMsMin;
  }

  /** Left out now, and in a list of a minute ago or more. */
  function goneOf(group: string, listed: ReadonlySet<string>, known: ReadonlySet<string>): string[] {
    const before = missing.get(group) ?? new Map<string, number>();
    const left = [...known].filter((providerId) => !listed.has(providerId));
    const now = clock.monotonic();
    missing.set(group, new Map(left.map((providerId) => [providerId, before.get(providerId) ?? now])));
    return left.filter((providerId) => now - (before.get(providerId) ?? now) >= inventoryEveryMs);
  }

  function rowOf(
    group: Group,
    { providerId, zone = null, ...machine }: Machine,
    row: MachineTable | undefined,
    { own, isAwaited, now }: { readonly own: readonly Speaker[]; readonly isAwaited: boolean; readonly now: number },
  ): MachineTable {
    const first_listed_at = row?.first_listed_at ?? timestamp(now);
    const isAbsent = own.length === 0 && !isAwaited && now - Date.parse(first_listed_at) >= enrolWithinMs(group);
    const isSilent =
      own.length > 0 &&
      own.every(({ id }) => !isOnline(id) && (row?.told === 'silent' || (silentMs(id) ?? 0) >= silentMsMin)) &&
      machine.state === 'running' &&
      witnessOf({ providerId, ...machine }) === null;
    const told = isAbsent ? 'absent' : isSilent ? 'silent' : null;
    return { group_name: group.name, provider_id: providerId, zone, first_listed_at, told };
  }

  async function tell(
    tx: Db,
    { group_name: groupName, ...row }: MachineTable,
    instanceId: string | undefined,
    now: number,
  ) {
    const { provider_id: providerId, zone, told, first_listed_at: listedSince } = row;
    const type = told === 'absent' ? 'instance.absent' : 'instance.silent';
    const about = { groupName, ...(instanceId !== undefined && { instanceId }) };
    await appendEvent(tx, {
      at: timestamp(now),
      type,
      ...about,
      data: { providerId, zone, listedSince, detail: details[type] },
    });
    log.error({ group: groupName, providerId, zone, instanceId }, messages[type]);
  }
}

const messages = {
  'instance.absent': 'replace: no agent has enrolled from a machine that its provider has',
  'instance.silent': 'replace: an agent is silent, and its machine runs: somebody must look',
} as const;

/** For whoever is woken by it. */
const details = {
  'instance.absent':
    'nothing is replaced for it; look whether its agent starts, and whether it can reach this server with a good token',
  'instance.silent':
    'its provider has nothing to say against it, so nothing is replaced for it; look whether the machine works, and at `pristine status` there',
} as const;

function enrolWithinMs({ enrolWithin = enrolWithinDefault }: Group): number {
  return durationMs(enrolWithin);
}

async function readSpeakers(tx: Db, group: string): Promise<ReadonlyMap<string, readonly Speaker[]>> {
  const rows = await tx
    .selectFrom('instance')
    .select(['id', 'provider_id', 'lifecycle', 'launch_key'])
    .where('group_name', '=', group)
    .where('lifecycle', '!=', 'retired')
    .where('provider_id', 'is not', null)
    .execute();
  const speakers = rows.map((row) => ({
    ...{ id: row.id, providerId: row.provider_id ?? '', lifecycle: row.lifecycle, launchKey: row.launch_key },
  }));
  return Map.groupBy(speakers, ({ providerId }) => providerId);
}

async function launchKeysUnderWay(tx: Db, group: string): Promise<ReadonlySet<string>> {
  const rows = await tx
    .selectFrom('replacement')
    .select('id')
    .where('group_name', '=', group)
    .where('state', 'not in', endedStates)
    .execute();
  return new Set(rows.map(({ id }) => launchKeyOf(id)));
}
