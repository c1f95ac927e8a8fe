import type { Selectable } from 'kysely';
import type { ReplacementState } from '../../shared/api.ts';
import { timestamp } from '../../shared/clock.ts';
import { digestOf } from '../../shared/digest.ts';
import type { Envelope } from '../../shared/dsse.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Keeping } from '../../shared/keeping.ts';
import type { Cause } from '../../shared/proof.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import type { Db } from './database.ts';
import { appendEvent } from './event-store.ts';
import { exemptUntils } from './exempt-finding-store.ts';
import { setLifecycle } from './instance-store.ts';
import { dropRequest } from './request-store.ts';
import type { ReplacementTable } from './tables.ts';

/** A stuck one waits for a person, so it is under way. */
export const endedStates: readonly ReplacementState[] = ['succeeded', 'failed'];

/** Providers say as much as they like. */
const errorCharsMax = 2_000;

/** Times are milliseconds since the epoch. */
export interface Replacement {
  readonly id: string;
  readonly group: string;
  readonly policy: string;
  readonly policyVersion: number;
  /** The request by which people approved it; null where nobody was asked. */
  readonly approval: string | null;
  /** Of the policy as it was then; null for those of before it was kept. */
  readonly policyDigest: string | null;
  readonly cause: Cause;
  /** How the old instance was drifted (`replace/shape.ts`). */
  readonly shapes: readonly string[];
  readonly state: ReplacementState;
  /** Of the strategy when it began: a policy that changes on the way does not turn it around. */
  readonly order: 'launch-first' | 'terminate-first';
  /** How the old machine is to be kept; null where nobody asked for that when it began. */
  readonly keeping: Keeping | null;
  readonly targetDigest: string;
  readonly oldInstanceId: string;
  readonly oldProviderId: string;
  readonly newInstanceId: string | null;
  readonly newProviderId: string | null;
  readonly launchedAt: number | null;
  readonly retiredAt: number | null;
  readonly deadlineAt: number | null;
  /** Null until the soak has begun. */
  readonly soakEndsAt: number | null;
  /** Calls to the provider in this state, the one under way included. */
  readonly attempts: number;
  readonly scan: ProvingScan | null;
  readonly error: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Every state it has been in, in order; the last is the present one. */
  readonly path: readonly ReplacementState[];
}

/** The scan that showed the new instance clean, kept as it was then. */
export interface ProvingScan {
  readonly scanId: string;
  readonly boot: number;
  readonly seq: number;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly stateDigest: string;
  readonly rules: number;
  readonly coverage: unknown;
}

export interface Reservation {
  readonly policy: string;
  readonly policyVersion: number;
  readonly group: string;
  readonly instanceId: string;
  readonly providerId: string;
  readonly cause: Cause;
  /** How it was drifted (`replace/shape.ts`). */
  readonly shapes: readonly string[];
  /** Of its machine, where it is known. */
  readonly zone?: string;
  readonly targetDigest: string;
  readonly order: Replacement['order'];
  readonly keeping: Keeping | null;
  /** Which earlier ones it goes on with; null where it begins anew. */
  readonly lineage: { readonly id: string; readonly attempt: number } | null;
  readonly approval: string | null;
  /** For people. */
  readonly reason: string;
}

/**
 * Makes the intent durable: from here on the instance is being replaced. Errors: CONFLICT when it is not active any more
 * or another replacement has it, or its drift counts for nothing any more, whatever the plan said.
 */
export function reserveReplacement(db: Db, reservation: Reservation, now: number): Promise<string> {
  const at = timestamp(now);
  const id = uuidv7(now);
  const { group, policy, policyVersion, instanceId, providerId, cause, shapes, zone, targetDigest, reason } =
    reservation;
  const { approval, order, keeping, lineage } = reservation;
  return db.transaction().execute(async (tx) => {
    const taken = await tx
      .updateTable('instance')
      .set({ lifecycle: 'replacing' })
      .where('id', '=', instanceId)
      .where('lifecycle', 'in', ['active', 'quarantined'])
      .executeTakeFirst();
    if (taken.numUpdatedRows === 0n) throw new CodedError('CONFLICT', `instance ${instanceId} is not active`);
    if (cause.trigger === 'drift') await refuseForgiven(tx, instanceId, cause.fingerprints);
    const wanted = await tx
      .selectFrom('policy')
      .select(['spec', 'version'])
      .where('name', '=', policy)
      .executeTakeFirst();
    if (wanted?.version !== policyVersion) throw new CodedError('CONFLICT', `policy ${policy} has changed`);
    await tx
      .insertInto('replacement')
      .values({
        ...{ id, group_name: group, policy, policy_version: policyVersion, cause: JSON.stringify(cause) },
        policy_digest: digestOf(wanted.spec),
        ...{ state: 'reserved', target_digest: targetDigest, old_instance_id: instanceId, old_provider_id: providerId },
        ...{ shapes: JSON.stringify(shapes), zone: zone ?? null, approval },
        ...{ attempts: 0, created_at: at, updated_at: at },
        ...{ launch_order: order, keeping: keeping && JSON.stringify(keeping) },
        ...{ lineage: lineage?.id ?? id, attempt: lineage?.attempt ?? 1 },
      })
      .execute();
    await dropRequest(tx, instanceId);
    await addStep(tx, { id, group, oldInstanceId: instanceId, oldProviderId: providerId }, 'reserved', reason, at);
    const data = { policy, policyVersion, providerId, reason, cause, approval };
    await appendEvent(tx, {
      ...{ at, type: 'replacement.planned', groupName: group, instanceId, replacementId: id, data },
    });
    return id;
  });
}

/** A person may have said, since the plan was made, that it counts for nothing. */
async function refuseForgiven(tx: Db, instanceId: string, fingerprints: readonly string[]): Promise<void> {
  const { taint_at: taintAt } = await tx
    .selectFrom('instance')
    .select('taint_at')
    .where('id', '=', instanceId)
    .executeTakeFirstOrThrow();
  const exempt = await exemptUntils(tx, instanceId);
  if (taintAt === null || fingerprints.some((fingerprint) => exempt.has(fingerprint)))
    throw new CodedError('CONFLICT', `the drift of instance ${instanceId} was pardoned or exempted`);
}

export interface Move {
  readonly to: ReplacementState;
  readonly detail: string;
  readonly set?: Partial<
    Pick<
      Replacement,
      'newInstanceId' | 'newProviderId' | 'launchedAt' | 'retiredAt' | 'deadlineAt' | 'soakEndsAt' | 'scan' | 'error'
    > & { readonly proof: Envelope }
  >;
}

/**
 * From one state to the next, with its step and its event. Errors: CONFLICT when the replacement is not where the mover
 * saw it, so that two movers never both act.
 */
export async function moveReplacement(tx: Db, from: Replacement, { to, detail, set = {} }: Move, now: number) {
  const at = timestamp(now);
  const time = (value: number | null | undefined) => (typeof value === 'number' ? timestamp(value) : value);
  const columns = {
    new_instance_id: set.newInstanceId,
    new_provider_id: set.newProviderId,
    launched_at: time(set.launchedAt),
    retired_at: time(set.retiredAt),
    deadline_at: time(set.deadlineAt),
    soak_ends_at: time(set.soakEndsAt),
    scan: set.scan && JSON.stringify(set.scan),
    error: set.error ?? null,
    proof: set.proof && JSON.stringify(set.proof),
  };
  const given = Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
  const { numUpdatedRows } = await tx
    .updateTable('replacement')
    .set({ ...given, state: to, attempts: 0, updated_at: at })
    .where('id', '=', from.id)
    .where('state', '=', from.state)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) {
    throw new CodedError('CONFLICT', `expected replacement ${from.id} in state ${from.state}, and it has moved`);
  }
  await addStep(tx, from, to, detail, at);
}

async function addStep(
  tx: Db,
  replacement: Pick<Replacement, 'id' | 'group' | 'oldInstanceId' | 'oldProviderId'>,
  state: ReplacementState,
  detail: string,
  at: string,
): Promise<void> {
  const { id, group, oldInstanceId, oldProviderId } = replacement;
  const last = await tx
    .selectFrom('replacement_step')
    .select((eb) => eb.fn.max('n').as('n'))
    .where('replacement_id', '=', id)
    .executeTakeFirst();
  await tx
    .insertInto('replacement_step')
    .values({ replacement_id: id, n: (last?.n ?? 0) + 1, state, detail, at })
    .execute();
  const data = { state, detail, providerId: oldProviderId };
  await appendEvent(tx, {
    ...{ at, type: 'replacement.step', groupName: group, instanceId: oldInstanceId, replacementId: id, data },
  });
}

/** Before each call to a provider: that it is about to be made, and for which time. */
export async function countAttempt(db: Db, { id, state, attempts }: Replacement, now: number): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('replacement')
    .set({ attempts: attempts + 1, updated_at: timestamp(now) })
    .where('id', '=', id)
    .where('state', '=', state)
    .where('attempts', '=', attempts)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new CodedError('CONFLICT', `replacement ${id} has moved`);
}

/** What a call failed with, until the next move. Why it rolls back is not lost to why rolling back is slow. */
export async function noteError(db: Db, id: string, error: string): Promise<void> {
  await db
    .updateTable('replacement')
    .set({ error: error.slice(0, errorCharsMax) })
    .where('id', '=', id)
    .where('state', '!=', 'rolling_back')
    .execute();
}

/** The new instance goes, whether it ever reported or not, and no token of its launch is any good. Answers who went. */
export async function retireLaunched(tx: Db, launchKey: string, at: string): Promise<readonly string[]> {
  await tx.deleteFrom('join_token').where('launch_key', '=', launchKey).execute();
  const rows = await tx.selectFrom('instance').select('id').where('launch_key', '=', launchKey).execute();
  for (const { id } of rows) await setLifecycle(tx, id, 'retired', at);
  return rows.map(({ id }) => id);
}

/** It failed by its new instance, which counts against the image of that. */
export async function blameNew(tx: Db, id: string): Promise<void> {
  await tx.updateTable('replacement').set({ blames_new: 1 }).where('id', '=', id).execute();
}

/** Only from `replacing`. What was kept as evidence before it was to be replaced stays so. */
export async function releaseOld(tx: Db, { oldInstanceId }: Replacement): Promise<void> {
  const kept = await tx
    .selectFrom('quarantine')
    .select('id')
    .where('instance_id', '=', oldInstanceId)
    .where('state', '!=', 'ended')
    .executeTakeFirst();
  await tx
    .updateTable('instance')
    .set({ lifecycle: kept === undefined ? 'active' : 'quarantined' })
    .where('id', '=', oldInstanceId)
    .where('lifecycle', '=', 'replacing')
    .execute();
}

export async function findReplacementRecord(db: Db, id: string): Promise<Replacement | undefined> {
  const row = await db.selectFrom('replacement').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) return undefined;
  const steps = await db
    .selectFrom('replacement_step')
    .select('state')
    .where('replacement_id', '=', id)
    .orderBy('n')
    .execute();
  return replacementOf(
    row,
    steps.map(({ state }) => state as ReplacementState),
  );
}

/** Whether a replacement that is under way has launched it. */
export async function isBeingMade(db: Db, launchKey: string | null): Promise<boolean> {
  if (launchKey === null) return false;
  const row = await db
    .selectFrom('replacement')
    .select('id')
    .where('id', '=', launchKey.replace(/^r-/, ''))
    .where('state', 'not in', endedStates)
    .executeTakeFirst();
  return row !== undefined;
}

/** A person lets another begin after this one. Errors: CONFLICT where its instance is not there to be replaced any more. */
export async function reopenLineage(tx: Db, { id, oldInstanceId }: Replacement, now: number): Promise<void> {
  const instance = await tx
    .selectFrom('instance')
    .select('lifecycle')
    .where('id', '=', oldInstanceId)
    .executeTakeFirst();
  if (instance === undefined || instance.lifecycle === 'retired')
    throw new CodedError('CONFLICT', `instance ${oldInstanceId}, which replacement ${id} was for, is no more`);
  await tx
    .updateTable('replacement')
    .set({ reopened_at: timestamp(now) })
    .where('id', '=', id)
    .execute();
}

/** Of those ids, the replacements that failed: nothing launched for them may live. */
export async function failedAmong(db: Db, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .selectFrom('replacement')
    .select('id')
    .where('id', 'in', ids)
    .where('state', '=', 'failed')
    .where('retired_at', 'is', null)
    .execute();
  return new Set(rows.map(({ id }) => id));
}

function replacementOf(row: Selectable<ReplacementTable>, path: readonly ReplacementState[]): Replacement {
  const time = (text: string | null) => (text === null ? null : Date.parse(text));
  return {
    id: row.id,
    group: row.group_name,
    policy: row.policy,
    policyVersion: row.policy_version,
    approval: row.approval,
    policyDigest: row.policy_digest,
    cause: JSON.parse(row.cause),
    shapes: JSON.parse(row.shapes),
    state: row.state as ReplacementState,
    order: row.launch_order,
    keeping: row.keeping === null ? null : JSON.parse(row.keeping),
    targetDigest: row.target_digest,
    oldInstanceId: row.old_instance_id,
    oldProviderId: row.old_provider_id,
    newInstanceId: row.new_instance_id,
    newProviderId: row.new_provider_id,
    launchedAt: time(row.launched_at),
    retiredAt: time(row.retired_at),
    deadlineAt: time(row.deadline_at),
    soakEndsAt: time(row.soak_ends_at),
    attempts: row.attempts,
    scan: row.scan === null ? null : JSON.parse(row.scan),
    error: row.error,
    createdAt: Date.parse(row.created_at),
    updatedAt: Date.parse(row.updated_at),
    path,
  };
}
