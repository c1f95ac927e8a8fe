import type { Selectable } from 'kysely';
import type { Breaker } from '../../shared/api.ts';
import { digestOf } from '../../shared/digest.ts';
import { CodedError } from '../../shared/errors.ts';
import { Group } from '../../shared/policy.ts';
import type { Db } from './database.ts';
import { appendEvent } from './event-store.ts';
import { enforcingPolicies } from './policy-store.ts';
import { type Promoter, recordPromotions } from './promotion-store.ts';
import { type Applied, changeOf, specText } from './spec.ts';
import type { GroupTable } from './tables.ts';
import { recordVersion } from './version-store.ts';

export interface StoredGroup {
  readonly group: Group;
  readonly version: number;
  readonly updatedAt: string;
  readonly breaker: Breaker | null;
}

const applying: Promoter = { actor: 'admin', how: 'applied', reason: null };

/**
 * Makes, changes or leaves the group; the version counts changes only, so that applying a file twice is one change. What
 * it promotes anew is on record as promoted.
 * Errors: CONFLICT when an enforcing policy acts on the group and it is no longer declared stateless.
 */
export async function applyGroup(db: Db, group: Group, at: string, by = applying): Promise<Applied> {
  // One that names no group is held by a blocker in this one, and acts in others.
  const enforcing = (group.stateless ? [] : await enforcingPolicies(db, group.name)).filter(
    ({ policy }) => policy.select.group !== undefined,
  );
  if (enforcing.length > 0) {
    throw new CodedError(
      'CONFLICT',
      `group ${group.name}: expected \`stateless: true\`, because policy ${enforcing[0]?.policy.name} enforces on it; ` +
        'declare it, or set the policy to observe first',
    );
  }
  const spec = specText(group);
  const row = await db.selectFrom('instance_group').selectAll().where('name', '=', group.name).executeTakeFirst();
  const change = changeOf(row, spec);
  if (change.result === 'unchanged') return { kind: 'Group', name: group.name, ...change };
  await write(db, group.name, { spec, version: change.version, updated_at: at });
  await recordVersion(db, { kind: 'Group', name: group.name, version: change.version, spec, actor: by.actor, at });
  const digests = { before: row && digestOf(row.spec), after: digestOf(spec) };
  const data = { ...change, actor: by.actor };
  await appendEvent(db, { at, type: 'group.changed', groupName: group.name, ...digests, data });
  const before = row === undefined ? {} : storedGroup(row).group.images;
  await recordPromotions(db, group.name, { before, after: group.images }, by, at);
  return { kind: 'Group', name: group.name, ...change };
}

async function write(db: Db, name: string, values: { spec: string; version: number; updated_at: string }) {
  await db
    .insertInto('instance_group')
    .values({ name, ...values, breaker_cause: null, breaker_at: null })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
    .execute();
}

export async function readGroup(db: Db, name: string): Promise<StoredGroup | undefined> {
  const row = await db.selectFrom('instance_group').selectAll().where('name', '=', name).executeTakeFirst();
  return row && storedGroup(row);
}

export async function readGroups(db: Db): Promise<readonly StoredGroup[]> {
  const rows = await db.selectFrom('instance_group').selectAll().orderBy('name').execute();
  return rows.map(storedGroup);
}

/** Latches: a breaker that is already open keeps its first cause. Answers whether this call opened it. */
export async function tripBreaker(db: Db, name: string, cause: string, at: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('instance_group')
    .set({ breaker_cause: cause, breaker_at: at })
    .where('name', '=', name)
    .where('breaker_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await appendEvent(db, { at, type: 'breaker.tripped', groupName: name, data: { cause } });
  return true;
}

/** By a person, with a reason. Errors: NOT_FOUND; CONFLICT when it is not open. */
export async function resetBreaker(db: Db, name: string, reason: string, at: string, actor = 'admin'): Promise<void> {
  const stored = await readGroup(db, name);
  if (stored === undefined) throw new CodedError('NOT_FOUND', `no group ${name}`);
  if (stored.breaker === null) throw new CodedError('CONFLICT', `the breaker of group ${name} is not open`);
  await db
    .updateTable('instance_group')
    .set({ breaker_cause: null, breaker_at: null, breaker_reset_at: at })
    .where('name', '=', name)
    .execute();
  const data = { reason, cause: stored.breaker.cause, actor };
  await appendEvent(db, { at, type: 'breaker.reset', groupName: name, data });
}

export function storedGroup(row: Selectable<GroupTable>): StoredGroup {
  return {
    group: Group.parse(JSON.parse(row.spec)),
    version: row.version,
    updatedAt: row.updated_at,
    breaker:
      row.breaker_at === null || row.breaker_cause === null
        ? null
        : { cause: row.breaker_cause, trippedAt: row.breaker_at },
  };
}
