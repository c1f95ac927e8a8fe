import type { Orphan, OrphansView } from '../../shared/api-quarantine.ts';
import { timestamp } from '../../shared/clock.ts';
import { sentenceOf } from '../../shared/errors.ts';
import type { Group } from '../../shared/policy.ts';
import type { KeptSnapshot, Machine } from '../provider/provider.ts';
import type { Db } from '../store/database.ts';
import { readGroups } from '../store/group-store.ts';
import { liveQuarantines, type StoredQuarantine } from '../store/quarantine-store.ts';
import { endedStates } from '../store/replacement-store.ts';
import { callProvider, listMsMax } from './call-provider.ts';
import { quarantineKeyOf, quarantineOfKey } from './evidence.ts';
import type { House } from './house.ts';
import { launchKeyOf, replacementOfKey } from './launch-key.ts';

/** What the records know, to be held against what the providers have. */
export interface Known {
  /** Replacements by id, whatever has become of them. */
  readonly replacements: ReadonlyMap<string, { readonly hasEnded: boolean; readonly hasFailed: boolean }>;
  /** Keys of launches that people asked for. */
  readonly launches: ReadonlySet<string>;
  /** Those that have not ended. */
  readonly quarantines: readonly StoredQuarantine[];
}

/**
 * What is there and nobody owns: machines, marks and snapshots whose record has ended or never existed; and what is kept by a
 * record, and is not there. Of machines that bear no mark of ours nothing is said. Nothing is touched. Pure.
 */
export function orphansOf(
  group: string,
  machines: readonly Machine[],
  snapshots: readonly KeptSnapshot[],
  { replacements, launches, quarantines }: Known,
): readonly Orphan[] {
  const orphans: Orphan[] = [];
  const kept = new Map(quarantines.map((one) => [one.id, one]));
  const add = (kind: Orphan['kind'], key: string, of: Partial<Orphan>, why: string) =>
    orphans.push({ group, kind, key, providerId: null, snapshotId: null, ...of, why });
  for (const { providerId, launchKey, drainedBy } of machines) {
    const maker = replacementOfKey(launchKey);
    if (maker !== undefined) {
      const replacement = replacements.get(maker);
      if (replacement === undefined)
        add('machine', launchKeyOf(maker), { providerId }, 'no replacement of that id is known');
      else if (replacement.hasFailed) add('machine', launchKeyOf(maker), { providerId }, 'its replacement has failed');
    } else if (launchKey?.startsWith('l-') && !launches.has(launchKey)) {
      add('machine', launchKey, { providerId }, 'no launch with that key is known');
    }
    const drainer = replacementOfKey(drainedBy);
    if (drainer !== undefined && (replacements.get(drainer)?.hasEnded ?? true))
      add(
        'mark',
        launchKeyOf(drainer),
        { providerId },
        'the replacement that it is drained for has ended, or never was',
      );
    const keeper = quarantineOfKey(drainedBy);
    if (keeper !== undefined && !kept.has(keeper))
      add(
        'mark',
        quarantineKeyOf(keeper),
        { providerId },
        'the quarantine that it is isolated for has ended, or never was',
      );
  }
  for (const { snapshotId, key, providerId } of snapshots) {
    if (kept.has(quarantineOfKey(key) ?? '')) continue;
    add('snapshot', key, { snapshotId, providerId }, 'the quarantine that it is kept for has ended, or never was');
  }
  const there = new Set(machines.map(({ providerId }) => providerId));
  for (const { id, providerId, snapshotId, state } of quarantines) {
    if (state !== 'kept' || there.has(providerId)) continue;
    const left = snapshotId === null ? 'nothing of it is left' : 'its snapshot is kept';
    add(
      'record',
      quarantineKeyOf(id),
      { providerId, snapshotId },
      `somebody has ended the machine that is to be kept; ${left}`,
    );
  }
  return orphans;
}

/** Asks every provider. */
export async function findOrphans(house: Pick<House, 'db' | 'clock' | 'providers'>): Promise<OrphansView> {
  const items: Orphan[] = [];
  const unasked: { group: string; error: string }[] = [];
  const groups = await readGroups(house.db);
  const found = await Promise.allSettled(groups.map(({ group }) => ask(house, group)));
  for (const [n, result] of found.entries()) {
    const group = groups[n]!.group.name;
    if (result.status === 'rejected') unasked.push({ group, error: sentenceOf(result.reason) });
    else {
      const { machines, snapshots } = result.value;
      items.push(...orphansOf(group, machines, snapshots, await readKnown(house.db, group)));
    }
  }
  return { computedAt: timestamp(house.clock.now()), items, unasked };
}

async function ask({ clock, providers }: Pick<House, 'clock' | 'providers'>, group: Group) {
  const provider = providers(group);
  const machines = await callProvider(clock, 'list', () => provider.list(group), listMsMax);
  const snapshots = await callProvider(clock, 'listSnapshots', () => provider.listSnapshots(group), listMsMax);
  return { machines, snapshots };
}

async function readKnown(db: Db, group: string): Promise<Known> {
  const rows = await db
    .selectFrom('replacement')
    .select(['id', 'state', 'retired_at'])
    .where('group_name', '=', group)
    .execute();
  const launches = await db.selectFrom('launch').select('key').where('group_name', '=', group).execute();
  const ended: readonly string[] = endedStates;
  return {
    replacements: new Map(
      rows.map(({ id, state, retired_at: retiredAt }) => [
        id,
        { hasEnded: ended.includes(state), hasFailed: state === 'failed' && retiredAt === null },
      ]),
    ),
    launches: new Set(launches.map(({ key }) => key)),
    quarantines: (await liveQuarantines(db)).filter((one) => one.group === group),
  };
}
