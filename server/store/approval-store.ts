import type { ApprovedCause, Refusal } from '../../shared/api-approvals.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { timestamp } from '../../shared/clock.ts';
import { sha256Hex } from '../../shared/digest.ts';
import { CodedError } from '../../shared/errors.ts';
import { imageRef } from '../../shared/image.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import type { Db } from './database.ts';
import { appendEvent } from './event-store.ts';
import { findImage } from './image-store.ts';
import type { ApprovalRequestTable, ApprovalTable } from './people-tables.ts';
import { authorOf, promoterOf } from './version-store.ts';

/** All that a yes is given for. Whatever of it changes, it is another request. */
export interface Binding {
  readonly group: string;
  readonly policy: string;
  readonly policyVersion: number;
  readonly cause: ApprovedCause;
  readonly targetDigest: string;
}

export interface StoredRequest extends Binding {
  readonly id: string;
  readonly createdAt: string;
  readonly refused: Refusal | null;
}

/** Of one group, those to which nobody ever said anything; beyond, the oldest go. Drift that is faked makes as many as it likes. */
const waitingMax = 200;

export function requestIdOf({ group, policy, policyVersion, cause, targetDigest }: Binding): string {
  return sha256Hex(canonicalJson({ v: 1, group, policy, policyVersion, cause, targetDigest })).slice(0, 32);
}

/** Those that are not there yet, each with its event. Answers whether there was one. */
export async function requestApprovals(db: Db, bindings: readonly Binding[], now: number): Promise<boolean> {
  if (bindings.length === 0) return false;
  const wanted = new Map(bindings.map((binding) => [requestIdOf(binding), binding]));
  const known = await db
    .selectFrom('approval_request')
    .select('id')
    .where('id', 'in', [...wanted.keys()])
    .execute();
  for (const { id } of known) wanted.delete(id);
  if (wanted.size === 0) return false;
  const at = timestamp(now);
  await db.transaction().execute(async (tx) => {
    for (const [id, { group, policy, policyVersion, cause, targetDigest }] of wanted) {
      const row = { id, group_name: group, policy, policy_version: policyVersion, cause: JSON.stringify(cause) };
      await tx
        .insertInto('approval_request')
        .values({ ...row, target_digest: targetDigest, created_at: at })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const why = cause.severity === undefined ? cause.trigger : `${cause.severity} ${cause.trigger}`;
      const detail = `policy ${policy}, because of ${why}; \`pristinectl approvals get ${id}\` shows what it is, and nothing starts until somebody approves it`;
      const data = { request: id, policy, policyVersion, cause, targetDigest, detail };
      await appendEvent(tx, { at, type: 'approval.requested', groupName: group, data });
    }
    for (const group of new Set([...wanted.values()].map((binding) => binding.group))) await forgetOldest(tx, group);
  });
  return true;
}

async function forgetOldest(tx: Db, group: string): Promise<void> {
  const silent = await tx
    .selectFrom('approval_request')
    .leftJoin('approval', 'approval.request_id', 'approval_request.id')
    .select('approval_request.id')
    .where('group_name', '=', group)
    .where('approval.id', 'is', null)
    .orderBy('approval_request.created_at', 'desc')
    .orderBy('approval_request.id')
    .offset(waitingMax)
    .limit(waitingMax)
    .execute();
  const ids = silent.map(({ id }) => id);
  if (ids.length > 0) await tx.deleteFrom('approval_request').where('id', 'in', ids).execute();
}

export async function findRequest(db: Db, id: string): Promise<StoredRequest | undefined> {
  const row = await db.selectFrom('approval_request').selectAll().where('id', '=', id).executeTakeFirst();
  return (
    row && {
      ...{ id: row.id, group: row.group_name, policy: row.policy, policyVersion: row.policy_version },
      ...{ cause: JSON.parse(row.cause), targetDigest: row.target_digest, createdAt: row.created_at },
      refused: refusalOf(row),
    }
  );
}

function refusalOf({
  refused_at: at,
  refused_by: actor,
  refused_reason: reason,
}: ApprovalRequestTable): Refusal | null {
  return at === null || actor === null || reason === null ? null : { actor, reason, at };
}

/** Four eyes: who applied this version of the policy, who promoted what it would bring, and who asked for it by hand. */
export async function barredFrom(
  db: Db,
  { policy, policyVersion, group, targetDigest, cause }: Binding,
): Promise<readonly string[]> {
  const author = await authorOf(db, 'Policy', policy, policyVersion);
  const image = await findImage(db, targetDigest);
  const promoter = image && (await promoterOf(db, group, imageRef(image)));
  return [...new Set([author, promoter, cause.by].filter((one) => one !== undefined))];
}

export interface NewApproval {
  readonly request: StoredRequest;
  readonly actor: string;
  readonly reason: string;
  readonly instancesMax: number;
  readonly ms: number;
}

/** Errors: FORBIDDEN for who may not say yes to their own. */
export async function giveApproval(tx: Db, given: NewApproval, now: number): Promise<void> {
  const { request, actor, reason, instancesMax, ms } = given;
  const barred = await barredFrom(tx, request);
  if (barred.includes(actor)) {
    throw new CodedError(
      'FORBIDDEN',
      `${actor} applied version ${request.policyVersion} of policy ${request.policy}, promoted its image, or asked for it: another person must approve it`,
    );
  }
  const [id, at, expiresAt] = [uuidv7(now), timestamp(now), timestamp(now + ms)];
  const row = { id, request_id: request.id, actor, reason, instances_max: instancesMax };
  await tx
    .insertInto('approval')
    .values({ ...row, created_at: at, expires_at: expiresAt, revoked_at: null, revoked_by: null })
    .execute();
  await setRefusal(tx, request.id, null);
  const data = { ...aboutOf(request), approval: id, instances: instancesMax, expiresAt, reason, actor };
  await appendEvent(tx, { at, type: 'approval.given', groupName: request.group, data });
}

/** All that somebody has said to it, or that anybody has. Answers how many. */
export async function revokeApprovals(tx: Db, request: StoredRequest, actor: string, now: number): Promise<number> {
  const at = timestamp(now);
  const revoked = await tx
    .updateTable('approval')
    .set({ revoked_at: at, revoked_by: actor })
    .where('request_id', '=', request.id)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', at)
    .returning('id')
    .execute();
  if (revoked.length > 0) {
    const data = { ...aboutOf(request), approvals: revoked.map(({ id }) => id), actor };
    await appendEvent(tx, { at, type: 'approval.revoked', groupName: request.group, data });
  }
  return revoked.length;
}

/** Whoever said it may not act any more. Of every request each yes of that name. */
export async function revokeApprovalsOf(tx: Db, name: string, actor: string, now: number): Promise<void> {
  const at = timestamp(now);
  const revoked = await tx
    .updateTable('approval')
    .set({ revoked_at: at, revoked_by: actor })
    .where('actor', '=', name)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', at)
    .returning(['id', 'request_id'])
    .execute();
  for (const [id, own] of Map.groupBy(revoked, (row) => row.request_id)) {
    const request = await findRequest(tx, id);
    if (request === undefined) continue;
    const data = { ...aboutOf(request), approvals: own.map((row) => row.id), actor };
    await appendEvent(tx, { at, type: 'approval.revoked', groupName: request.group, data });
  }
}

/** Takes every yes back, and says why there is to be none; whoever approves it after that has read so. */
export async function refuseRequest(
  tx: Db,
  request: StoredRequest,
  { actor, reason }: { readonly actor: string; readonly reason: string },
  now: number,
): Promise<void> {
  await revokeApprovals(tx, request, actor, now);
  const at = timestamp(now);
  await setRefusal(tx, request.id, { actor, reason, at });
  const data = { ...aboutOf(request), reason, actor };
  await appendEvent(tx, { at, type: 'approval.refused', groupName: request.group, data });
}

async function setRefusal(tx: Db, id: string, refusal: Refusal | null): Promise<void> {
  const { at = null, actor = null, reason = null } = refusal ?? {};
  await tx
    .updateTable('approval_request')
    .set({ refused_at: at, refused_by: actor, refused_reason: reason })
    .where('id', '=', id)
    .execute();
}

function aboutOf({ id, policy, policyVersion, cause, targetDigest }: StoredRequest) {
  return { request: id, policy, policyVersion, cause, targetDigest };
}

/** What people have said to one request, and what was begun by it. Times are milliseconds since the epoch. */
export interface Consent {
  /** Neither revoked, nor over, nor of somebody who may not approve it. */
  readonly given: readonly Yes[];
  readonly begun: readonly { readonly instanceId: string; readonly at: number }[];
}

export interface Yes {
  readonly actor: string;
  readonly instancesMax: number;
  readonly at: number;
  readonly expiresAt: number;
}

/** Of every request to which somebody has said yes that is not over: of those alone anything may begin. */
export async function readConsents(db: Db, now: number): Promise<ReadonlyMap<string, Consent>> {
  const rows = await db
    .selectFrom('approval')
    .selectAll()
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', timestamp(now))
    .orderBy('id')
    .execute();
  const consents = new Map<string, Consent>();
  for (const [id, own] of Map.groupBy(rows, (row) => row.request_id)) consents.set(id, await consentOf(db, id, own));
  return consents;
}

export async function readConsent(db: Db, id: string, now: number): Promise<Consent> {
  const rows = await db
    .selectFrom('approval')
    .selectAll()
    .where('request_id', '=', id)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', timestamp(now))
    .execute();
  return consentOf(db, id, rows);
}

/** Whoever applied or promoted it since said yes to somebody else's: looked at each time. */
async function consentOf(db: Db, id: string, rows: readonly ApprovalTable[]): Promise<Consent> {
  const request = await findRequest(db, id);
  const barred = request === undefined ? [] : await barredFrom(db, request);
  const given = rows
    .filter(({ actor }) => request !== undefined && !barred.includes(actor))
    .map((row) => ({
      ...{ actor: row.actor, instancesMax: row.instances_max },
      ...{ at: Date.parse(row.created_at), expiresAt: Date.parse(row.expires_at) },
    }));
  return { given, begun: await begunBy(db, id) };
}

export async function begunBy(db: Db, id: string): Promise<Consent['begun']> {
  const rows = await db
    .selectFrom('replacement')
    .select(['old_instance_id', 'created_at'])
    .where('approval', '=', id)
    .execute();
  return rows.map((row) => ({ instanceId: row.old_instance_id, at: Date.parse(row.created_at) }));
}
