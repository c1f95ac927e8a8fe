import { sql } from 'kysely';
import { newRulesHoldMs } from '../../shared/api-rules.ts';
import { timestamp } from '../../shared/clock.ts';
import type { Finding } from '../../shared/finding.ts';
import { identityRule } from '../../shared/identity.ts';
import type { Image } from '../../shared/image.ts';
import { relabelFingerprint } from '../../shared/relabel.ts';
import type { Severity } from '../../shared/severity.ts';
import type { Db } from '../store/database.ts';
import { shapeOf } from './shape.ts';
import type { InstanceDrift } from './snapshot.ts';

/** What the store still knows of some days. Times are milliseconds since the epoch. */
export interface Past {
  readonly instances: readonly PastInstance[];
  readonly replacements: readonly PastReplacement[];
  /** When people reset breakers, by group. */
  readonly resets: ReadonlyMap<string, readonly number[]>;
  /** When a group was last changed: what it promoted before is not kept. */
  readonly groupsChangedAt: ReadonlyMap<string, number>;
  /** By digest. */
  readonly images: ReadonlyMap<string, Image>;
  /** Of the oldest event that is kept. */
  readonly knownSince: number;
}

export interface PastInstance {
  readonly id: string;
  readonly group: string;
  readonly providerId: string | null;
  readonly launchKey: string | null;
  readonly imageDigest: string;
  readonly enrolledAt: number;
  /** Infinity for one that is there; when it was last heard of one that no event tells when it went. */
  readonly goneAt: number;
  readonly doubtedSince: number | null;
  /** Of each severity the first; oldest first. */
  readonly drifts: readonly InstanceDrift[];
  /** When its taint was lifted. */
  readonly liftedAt: readonly number[];
  /** When it was looked at: from the first to the last complete scan that followed each other in time. */
  readonly looked: readonly { readonly from: number; readonly to: number }[];
}

export interface PastReplacement {
  readonly id: string;
  readonly group: string;
  readonly policy: string;
  readonly oldInstanceId: string;
  readonly newInstanceId: string | null;
  readonly state: string;
  readonly createdAt: number;
  readonly retiredAt: number | null;
  readonly updatedAt: number;
  readonly shapes: readonly string[];
}

const pageInstances = 200;
/** Of one instance and severity: what follows changes neither its taint nor how alike it is to others. */
const driftsMax = 20;
const weekMs = 7 * 86_400_000;

/** Page after page, so that agents and people are served between them. */
export async function readPast(db: Db, from: number, evidenceTtlMs: number): Promise<Past> {
  const since = timestamp(from);
  const [wentAt, liftedAt, resets] = await readEvents(db, since);
  const instances: PastInstance[] = [];
  for (let after = ''; ; await breathe()) {
    const rows = await db
      .selectFrom('instance')
      .select(['id', 'group_name', 'provider_id', 'launch_key', 'image_digest', 'lifecycle', 'doubts'])
      .select(['enrolled_at', 'last_seen_at', 'taint_at', 'taint_severity', 'scan_finished_at'])
      .where('id', '>', after)
      .where((eb) => eb.or([eb('lifecycle', '!=', 'retired'), eb('last_seen_at', '>=', since)]))
      .orderBy('id')
      .limit(pageInstances)
      .execute();
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) break;
    const drifts = await readDrifts(db, ids);
    const looked = await readLooked(db, ids, timestamp(from - evidenceTtlMs), evidenceTtlMs);
    for (const row of rows) {
      const enrolledAt = Date.parse(row.enrolled_at);
      const lifted = liftedAt.get(row.id) ?? [];
      const taintAt = row.taint_at === null ? null : Date.parse(row.taint_at);
      const own = counted(drifts.get(row.id) ?? [], taintAt, lifted);
      instances.push({
        ...{ id: row.id, group: row.group_name, providerId: row.provider_id, launchKey: row.launch_key },
        ...{ imageDigest: row.image_digest, enrolledAt },
        goneAt: row.lifecycle === 'retired' ? (wentAt.get(row.id) ?? Date.parse(row.last_seen_at)) : Infinity,
        doubtedSince: firstDoubt(row.doubts),
        drifts: own.length > 0 || taintAt === null ? own : [unknownDrift(row.id, row.taint_severity, taintAt)],
        liftedAt: lifted,
        looked: looked.get(row.id) ?? lookedOnce(row.scan_finished_at, enrolledAt),
      });
    }
    after = ids.at(-1)!;
  }
  return { instances, resets, ...(await readRest(db, from)) };
}

function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Without a lift that is known of, whatever its taint of now does not come from was lifted before. */
function counted(drifts: readonly InstanceDrift[], taintAt: number | null, lifted: readonly number[]) {
  return lifted.length > 0 ? drifts : drifts.filter(({ firstSeenAt }) => taintAt !== null && firstSeenAt >= taintAt);
}

/** Only that it is tainted is known, and not by what. */
function unknownDrift(id: string, severity: string | null, at: number): InstanceDrift {
  const drift = { fingerprint: `taint of ${id}`, shape: `taint of ${id}`, firstSeenAt: at, heldUntil: null };
  return { ...drift, severity: (severity ?? 'low') as Severity };
}

function lookedOnce(scanFinishedAt: string | null, enrolledAt: number) {
  return scanFinishedAt === null ? [] : [{ from: enrolledAt, to: Date.parse(scanFinishedAt) }];
}

function firstDoubt(doubts: string): number | null {
  if (doubts === '[]') return null;
  return Math.min(...(JSON.parse(doubts) as { since: string }[]).map(({ since }) => Date.parse(since)));
}

async function readEvents(db: Db, since: string) {
  const rows = await db
    .selectFrom('event')
    .select(['at', 'type', 'instance_id', 'group_name'])
    .where('type', 'in', ['instance.retired', 'instance.pardoned', 'taint.lifted', 'breaker.reset'])
    .where('at', '>=', since)
    .orderBy('id')
    .execute();
  const wentAt = new Map<string, number>();
  const liftedAt = new Map<string, number[]>();
  const resets = new Map<string, number[]>();
  const push = (to: Map<string, number[]>, key: string, at: number) => to.set(key, [...(to.get(key) ?? []), at]);
  for (const { at: text, type, instance_id: id, group_name: group } of rows) {
    const at = Date.parse(text);
    if (type === 'breaker.reset') push(resets, group ?? '', at);
    else if (type === 'instance.retired') wentAt.set(id ?? '', at);
    else push(liftedAt, id ?? '', at);
  }
  return [wentAt, liftedAt, resets] as const;
}

/** What opened, and what opened again or grew graver: each would taint. */
async function readDrifts(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, InstanceDrift[]>> {
  const rows = await db
    .with('ranked', (with_) =>
      with_
        .selectFrom('finding')
        .selectAll()
        .select(
          sql<number>`row_number() over (partition by instance_id, severity order by first_seen_at, fingerprint)`.as(
            'n',
          ),
        )
        .where('instance_id', 'in', ids)
        .where('severity', '!=', 'info')
        .where('rule', '!=', identityRule),
    )
    .selectFrom('ranked')
    .innerJoin('drift', 'drift.fingerprint', 'ranked.fingerprint')
    .innerJoin('instance', 'instance.id', 'ranked.instance_id')
    .leftJoin('image', 'image.digest', 'instance.image_digest')
    .leftJoin('rules', (join) =>
      join.onRef('rules.image_name', '=', 'image.name').onRef('rules.sequence', '=', 'ranked.by_rules'),
    )
    .select(['ranked.instance_id', 'ranked.fingerprint', 'ranked.severity', 'ranked.relabel', 'ranked.folded'])
    .select(['ranked.first_seen_at', 'ranked.tainting_since', 'rules.activated_at'])
    .select(['drift.subject', 'drift.name', 'drift.change'])
    .where('n', '<=', driftsMax)
    .execute();
  const byInstance = new Map<string, InstanceDrift[]>();
  for (const row of rows) {
    const isFolded = row.folded === 1 && row.relabel !== null;
    const drift = {
      fingerprint: isFolded ? relabelFingerprint(row.relabel!) : row.fingerprint,
      shape: isFolded ? `relabel ${row.relabel}` : shapeOf({ ...row, change: row.change as Finding['change'] }),
      severity: row.severity as Severity,
      heldUntil: row.activated_at === null ? null : Date.parse(row.activated_at) + newRulesHoldMs,
    };
    const own = byInstance.get(row.instance_id) ?? [];
    const times = new Set([Date.parse(row.first_seen_at), Date.parse(row.tainting_since)]);
    for (const firstSeenAt of times) own.push({ ...drift, firstSeenAt });
    byInstance.set(row.instance_id, own);
  }
  for (const own of byInstance.values()) own.sort((a, b) => a.firstSeenAt - b.firstSeenAt);
  return byInstance;
}

async function readLooked(db: Db, ids: readonly string[], since: string, ttlMs: number) {
  const rows = await db
    .selectFrom('evidence')
    .select(['instance_id', 'from_at', 'to_at'])
    .where('instance_id', 'in', ids)
    .where('to_at', '>=', since)
    .orderBy('id')
    .execute();
  const byInstance = new Map<string, { from: number; to: number }[]>();
  for (const row of rows) {
    const [from, to] = [Date.parse(row.from_at), Date.parse(row.to_at)];
    const own = byInstance.get(row.instance_id) ?? [];
    const last = own.at(-1);
    if (last !== undefined && from - last.to < ttlMs) last.to = Math.max(last.to, to);
    else own.push({ from, to });
    byInstance.set(row.instance_id, own);
  }
  return byInstance;
}

async function readRest(db: Db, from: number): Promise<Omit<Past, 'instances' | 'resets'>> {
  const rows = await db
    .selectFrom('replacement')
    .select(['id', 'group_name', 'policy', 'old_instance_id', 'new_instance_id', 'state'])
    .select(['created_at', 'retired_at', 'updated_at', 'shapes'])
    .where('created_at', '>=', timestamp(from - weekMs))
    .orderBy('id')
    .execute();
  const images = await db.selectFrom('image').select(['digest', 'name', 'version']).execute();
  const oldest = await db.selectFrom('event').select('at').orderBy('id').limit(1).executeTakeFirst();
  const groups = await db.selectFrom('instance_group').select(['name', 'updated_at']).execute();
  return {
    replacements: rows.map((row) => ({
      ...{ id: row.id, group: row.group_name, policy: row.policy, state: row.state },
      ...{ oldInstanceId: row.old_instance_id, newInstanceId: row.new_instance_id },
      createdAt: Date.parse(row.created_at),
      retiredAt: row.retired_at === null ? null : Date.parse(row.retired_at),
      updatedAt: Date.parse(row.updated_at),
      shapes: JSON.parse(row.shapes) as readonly string[],
    })),
    images: new Map(images.map((image) => [image.digest, image])),
    knownSince: oldest === undefined ? 0 : Date.parse(oldest.at),
    groupsChangedAt: new Map(groups.map((row) => [row.name, Date.parse(row.updated_at)])),
  };
}
