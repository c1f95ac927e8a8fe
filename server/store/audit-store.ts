import { type AuditEntry, auditHash, firstPrevious } from '../../shared/audit.ts';
import type { FleetEvent } from '../../shared/event.ts';
import type { Db } from './database.ts';
import type { AuditTable } from './people-tables.ts';

/**
 * Events that are neither a decision of a person nor a transition: what agents report, as often as they like, and what is
 * only told. All others are kept in the audit, in the transaction of their event, and so of the change itself.
 */
const notAudited: ReadonlySet<FleetEvent['type']> = new Set([
  ...(['instance.verdict', 'instance.liveness', 'instance.tainted', 'instance.spool', 'instance.enrolled'] as const),
  ...(['instance.rebased', 'instance.key-rotated', 'drift.opened', 'drift.closed', 'taint.lifted'] as const),
  ...(['rules.refused', 'token.misused', 'look.requested', 'look.ended', 'replacement.blocked'] as const),
]);

export function isAudited(type: FleetEvent['type']): boolean {
  return !notAudited.has(type);
}

export interface ToAudit {
  readonly at: string;
  readonly type: FleetEvent['type'];
  readonly groupName?: string;
  readonly instanceId?: string;
  readonly replacementId?: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Digests of the document that was changed. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** Appended only: nothing here changes or removes an entry, and nothing prunes them. Two at once would take one number, and one fails. */
export async function appendAudit(tx: Db, event: ToAudit): Promise<void> {
  if (!isAudited(event.type)) return;
  const last = await tx.selectFrom('audit').select(['n', 'hash']).orderBy('n', 'desc').limit(1).executeTakeFirst();
  const { actor = 'server', ...data } = event.data;
  const entry: Omit<AuditEntry, 'hash'> = {
    n: (last?.n ?? 0) + 1,
    at: event.at,
    actor: String(actor),
    what: event.type,
    group: event.groupName ?? null,
    instanceId: event.instanceId ?? null,
    replacementId: event.replacementId ?? null,
    before: event.before ?? null,
    after: event.after ?? null,
    data: asReadBack(data),
    previous: last?.hash ?? firstPrevious,
  };
  await tx
    .insertInto('audit')
    .values(rowOf({ ...entry, hash: auditHash(entry) }))
    .execute();
}

/** What JSON leaves out must not be in the hash; and what is no Unicode, which others may send, must not stop what it tells of. */
function asReadBack(data: Readonly<Record<string, unknown>>): AuditEntry['data'] {
  return wellFormed(JSON.parse(JSON.stringify(data))) as AuditEntry['data'];
}

function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, own]) => [key.toWellFormed(), wellFormed(own)]));
}

function rowOf(entry: AuditEntry): AuditTable {
  return {
    ...{ n: entry.n, at: entry.at, actor: entry.actor, what: entry.what, data: JSON.stringify(entry.data) },
    ...{ group_name: entry.group, instance_id: entry.instanceId, replacement_id: entry.replacementId },
    ...{ before_digest: entry.before, after_digest: entry.after, previous: entry.previous, hash: entry.hash },
  };
}

export function auditEntryOf(row: AuditTable): AuditEntry {
  return {
    ...{ n: row.n, at: row.at, actor: row.actor, what: row.what },
    ...{ group: row.group_name, instanceId: row.instance_id, replacementId: row.replacement_id },
    ...{ before: row.before_digest, after: row.after_digest, data: JSON.parse(row.data) },
    ...{ previous: row.previous, hash: row.hash },
  };
}
