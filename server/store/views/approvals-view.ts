import type { Approval, ApprovalRequest } from '../../../shared/api-approvals.ts';
import { type Image, imageRef } from '../../../shared/image.ts';
import { approvalRuleOf, consentingTo } from '../../fleet/approval.ts';
import { barredFrom, begunBy, findRequest, readConsent, type StoredRequest } from '../approval-store.ts';
import type { Db } from '../database.ts';
import { readGroup } from '../group-store.ts';
import { findImage } from '../image-store.ts';
import { enforcingPolicies, readPolicy } from '../policy-store.ts';
import { type Page, type PageQuery, readCursor } from './page.ts';

export interface ApprovalQuery extends PageQuery {
  readonly group?: string | undefined;
  /** Those that are void too. */
  readonly all?: boolean | undefined;
}

/** Newest first. Void ones are left out of a page after it was read, so a page may be short. */
export async function listApprovals(db: Db, query: ApprovalQuery, now: number): Promise<Page<ApprovalRequest>> {
  const before = readCursor(query, 2);
  let select = db
    .selectFrom('approval_request')
    .select(['id', 'created_at'])
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(query.limit + 1);
  if (before !== undefined) {
    const [at = '', id = ''] = before;
    select = select.where((eb) =>
      eb.or([eb('created_at', '<', at), eb.and([eb('created_at', '=', at), eb('id', '<', id)])]),
    );
  }
  if (query.group !== undefined) select = select.where('group_name', '=', query.group);
  const rows = await select.execute();
  const kept = rows.slice(0, query.limit);
  const last = kept.at(-1);
  const isMore = rows.length > query.limit && last !== undefined;
  const nextCursor = isMore ? Buffer.from(JSON.stringify([last.created_at, last.id])).toString('base64url') : null;
  const items: ApprovalRequest[] = [];
  for (const { id } of kept) {
    const request = await findApproval(db, id, now);
    if (request !== undefined && (query.all === true || request.state !== 'void')) items.push(request);
  }
  return { items, nextCursor };
}

export async function findApproval(db: Db, id: string, now: number): Promise<ApprovalRequest | undefined> {
  const request = await findRequest(db, id);
  return request && viewOf(db, request, now);
}

async function viewOf(db: Db, request: StoredRequest, now: number): Promise<ApprovalRequest> {
  const { id, group, policy: name, policyVersion, cause, createdAt, refused } = request;
  const policy = await readPolicy(db, name);
  const acting = await enforcingPolicies(db, group);
  const rule = approvalRuleOf(acting.map((stored) => stored.policy));
  const image = await findImage(db, request.targetDigest);
  const target: Image = { name: 'unknown', version: 'unknown', ...image, digest: request.targetDigest };
  const promoted = Object.values((await readGroup(db, group))?.group.images ?? {});
  const consent = await readConsent(db, id, now);
  const given = consentingTo(consent, '', now);
  const isVoid = rule === null || policy?.version !== policyVersion || !promoted.includes(imageRef(target));
  return {
    ...{ id, group, policy: name, policyVersion, cause, createdAt, refused },
    state: isVoid ? 'void' : refused !== null ? 'refused' : given.size >= rule.count ? 'approved' : 'waiting',
    target: { name: target.name, version: target.version, digest: target.digest },
    needed: rule?.count ?? 0,
    barred: [...(await barredFrom(db, request))],
    approvals: await approvalsOf(db, id, given, now),
  };
}

async function approvalsOf(db: Db, id: string, given: ReadonlySet<string>, now: number): Promise<Approval[]> {
  const rows = await db.selectFrom('approval').selectAll().where('request_id', '=', id).orderBy('id').execute();
  const begun = await begunBy(db, id);
  return rows.map((row) => {
    const since = begun.filter(({ at }) => at >= Date.parse(row.created_at));
    const used = new Set(since.map(({ instanceId }) => instanceId)).size;
    const isOpen = row.revoked_at === null && Date.parse(row.expires_at) > now && used < row.instances_max;
    return {
      ...{ id: row.id, actor: row.actor, reason: row.reason, instances: row.instances_max, used },
      ...{ createdAt: row.created_at, expiresAt: row.expires_at, revokedAt: row.revoked_at, revokedBy: row.revoked_by },
      inForce: isOpen && given.has(row.actor),
    };
  });
}
