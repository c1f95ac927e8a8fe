import type { Selectable } from 'kysely';
import { digestOf } from '../../shared/digest.ts';
import { CodedError } from '../../shared/errors.ts';
import { Group, Policy } from '../../shared/policy.ts';
import { selectorIn } from '../../shared/selector.ts';
import type { Db } from './database.ts';
import { appendEvent } from './event-store.ts';
import { type Applied, changeOf, specText } from './spec.ts';
import type { PolicyTable } from './tables.ts';
import { recordVersion } from './version-store.ts';

export interface StoredPolicy {
  readonly policy: Policy;
  readonly version: number;
  readonly updatedAt: string;
}

/**
 * Makes, changes or leaves the policy. It may come before its group: until then it selects nothing.
 * Errors: CONFLICT for `enforce` on a group that nobody declared stateless.
 */
export async function applyPolicy(db: Db, policy: Policy, at: string, actor = 'admin'): Promise<Applied> {
  if (policy.mode === 'enforce') await refuseStateful(db, policy);
  const spec = specText(policy);
  const row = await db.selectFrom('policy').selectAll().where('name', '=', policy.name).executeTakeFirst();
  const change = changeOf(row, spec);
  if (change.result === 'unchanged') return { kind: 'Policy', name: policy.name, ...change };
  const values = { spec, version: change.version, updated_at: at };
  await db
    .insertInto('policy')
    .values({ name: policy.name, ...values })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
    .execute();
  await recordVersion(db, { kind: 'Policy', name: policy.name, version: change.version, spec, actor, at });
  const data = { policy: policy.name, mode: policy.mode, ...change, actor };
  const digests = { before: row && digestOf(row.spec), after: digestOf(spec) };
  const groupName = policy.select.group;
  const about = groupName === undefined ? {} : { groupName };
  await appendEvent(db, { at, type: 'policy.changed', ...about, ...digests, data });
  return { kind: 'Policy', name: policy.name, ...change };
}

async function refuseStateful(db: Db, policy: Policy): Promise<void> {
  const name = policy.select.group;
  if (name === undefined) return;
  const row = await db.selectFrom('instance_group').select('spec').where('name', '=', name).executeTakeFirst();
  if (row === undefined || Group.parse(JSON.parse(row.spec)).stateless) return;
  throw new CodedError(
    'CONFLICT',
    `policy ${policy.name}: \`enforce\` needs \`stateless: true\` on group ${name}, declared by a person who knows`,
  );
}

/** Those that may act on some of the group. */
export async function enforcingPolicies(db: Db, name: string): Promise<readonly StoredPolicy[]> {
  const row = await db.selectFrom('instance_group').select('spec').where('name', '=', name).executeTakeFirst();
  const group = { name, labels: row === undefined ? {} : Group.parse(JSON.parse(row.spec)).labels };
  const stored = await readPolicies(db);
  return stored.filter(({ policy }) => policy.mode === 'enforce' && selectorIn(policy.select, group) !== undefined);
}

export async function readPolicy(db: Db, name: string): Promise<StoredPolicy | undefined> {
  const row = await db.selectFrom('policy').selectAll().where('name', '=', name).executeTakeFirst();
  return row && storedPolicy(row);
}

export async function readPolicies(db: Db): Promise<readonly StoredPolicy[]> {
  const rows = await db.selectFrom('policy').selectAll().orderBy('name').execute();
  return rows.map(storedPolicy);
}

export function storedPolicy(row: Selectable<PolicyTable>): StoredPolicy {
  return { policy: Policy.parse(JSON.parse(row.spec)), version: row.version, updatedAt: row.updated_at };
}
