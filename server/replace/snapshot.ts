import type { Breaker, Lifecycle, ReplacementState } from '../../shared/api.ts';
import type { Hold } from '../../shared/api-holds.ts';
import { newRulesHoldMs } from '../../shared/api-rules.ts';
import type { Finding } from '../../shared/finding.ts';
import { identityRule } from '../../shared/identity.ts';
import { type Image, type ImageRef, imageRef } from '../../shared/image.ts';
import type { Group } from '../../shared/policy.ts';
import { relabelFingerprint } from '../../shared/relabel.ts';
import { gravestFirst, type Severity, severityAtLeast } from '../../shared/severity.ts';
import type { Verdict } from '../../shared/verdict.ts';
import { type Absence, clockStepMsMax, readAbsence } from '../fleet/absence.ts';
import { contentOf, isExpired } from '../fleet/content.ts';
import type { Machine } from '../provider/provider.ts';
import { type Consent, readConsents } from '../store/approval-store.ts';
import type { Db } from '../store/database.ts';
import { isExempt } from '../store/exempt-finding-store.ts';
import { readGroups } from '../store/group-store.ts';
import { readHolds } from '../store/hold-store.ts';
import { liveQuarantines, placesTaken, type StoredQuarantine } from '../store/quarantine-store.ts';
import { endedStates } from '../store/replacement-store.ts';
import { type RequestedReplacement, readRequests } from '../store/request-store.ts';
import type { Preflights } from './preflight.ts';
import { type Rollouts, readRolloutRecords } from './rollout-record.ts';
import { shapeOf } from './shape.ts';
import {
  type FailedBefore,
  readFailedBefore,
  readFailures,
  readReplaced,
  readSoaked,
  readStarts,
  readTypicalMs,
} from './track-record.ts';

/** Everything that a plan rests on, read at one moment. Times are milliseconds since the epoch. */
export interface FleetSnapshot {
  readonly groups: ReadonlyMap<string, GroupSnapshot>;
  /** Of this server, as long as its fleet has not come back; else null. */
  readonly absence: Absence | null;
  /** Replacements under way, stuck ones too. */
  readonly active: readonly ActiveReplacement[];
  /** When the replacements of the last hour were started. */
  readonly starts: readonly number[];
  /** Succeeded replacements, by policy. */
  readonly soaked: ReadonlyMap<string, number>;
  /** Those in force. */
  readonly holds: readonly Hold[];
  /** By request: where somebody said yes that is not over. */
  readonly consents: ReadonlyMap<string, Consent>;
}

export interface GroupSnapshot {
  readonly group: Group;
  readonly breaker: Breaker | null;
  /** Taints up to then were looked at by the person who reset the breaker. */
  readonly breakerResetAt: number;
  /** As its provider lists them, without what is kept as evidence and has been replaced; null when it could not be asked. */
  readonly machines: readonly Machine[] | null;
  /** What its provider would launch. */
  readonly preflights: Preflights;
  /** Pushed images among the promoted ones. */
  readonly images: ReadonlyMap<ImageRef, Image>;
  /** All but the retired, and those that are kept as evidence and have been replaced. */
  readonly instances: readonly InstanceSnapshot[];
  /** Of the promoted images. */
  readonly rollouts: Rollouts;
  /** How many there are besides, in service and in sync: of a past fleet, in which nothing happened to most. */
  readonly bystanders?: number;
  /** Replacements that failed in a row, latest first; null when the last one succeeded. */
  readonly failures: { readonly count: number; readonly lastAt: number } | null;
  /** How long nearly all of its last replacements took to where there is no way back; null while too few have got there. */
  readonly typicalMs: number | null;
  /** Those of a week that were begun for drift, the ones that failed among them. */
  readonly replaced: readonly ReplacedDrift[];
  /** Of instances that are still there, by `lineageKey`: the last replacement that failed. */
  readonly failedBefore: ReadonlyMap<string, FailedBefore>;
  /** Places for evidence that are taken: by what is kept, and by replacements under way. */
  readonly evidencePlaces: number;
}

export interface InstanceSnapshot {
  readonly id: string;
  readonly providerId: string | null;
  readonly launchKey: string | null;
  /** Null when no pushed image has its digest. */
  readonly image: Image | null;
  /** Those that it enrolled with. */
  readonly labels: Readonly<Record<string, string>>;
  /** As its provider says; null where nobody knows. */
  readonly zone: string | null;
  readonly lifecycle: Lifecycle;
  /** It is kept as evidence for longer than it was to be, and nothing has replaced it: its group does without. */
  readonly isKeptOver?: true;
  readonly content: Verdict;
  /** It is not sure which machine this is, so that its machine may be another's. */
  readonly isInDoubt: boolean;
  readonly online: boolean;
  /** Since when this server has waited in vain to hear of it; null while it is online. */
  readonly silentSince: number | null;
  /** When it was last heard, as far as that was written. */
  readonly heardAt: number;
  /** Null while its evidence is whole and fresh, or shows drift. */
  readonly unverifiableSince: number | null;
  /** What a person asked for. */
  readonly requested: RequestedReplacement | null;
  readonly taint: { readonly severity: Severity; readonly since: number } | null;
  /** What tainted it: open, or closed since the taint. First seen first. */
  readonly drifts: readonly InstanceDrift[];
  readonly enrolledAt: number;
  /** Null before the first complete scan. */
  readonly evidenceExpiresAt: number | null;
}

export interface InstanceDrift {
  readonly fingerprint: string;
  /** What others of it have in common, whatever their contents (`shape.ts`). */
  readonly shape: string;
  readonly severity: Severity;
  readonly firstSeenAt: number;
  /** Until then it triggers nothing: it is there only because of rules that are that new. Null for what is there by itself. */
  readonly heldUntil: number | null;
}

export interface ReplacedDrift {
  readonly replacementId: string;
  readonly instanceId: string;
  readonly at: number;
  readonly shapes: readonly string[];
}

export interface ActiveReplacement {
  readonly id: string;
  readonly group: string;
  readonly policy: string;
  readonly state: ReplacementState;
  readonly oldInstanceId: string;
  readonly oldProviderId: string;
  /** Of the old one. */
  readonly zone?: string | null;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Sources {
  readonly db: Db;
  /** By group; null when its provider could not be asked. */
  readonly machines: ReadonlyMap<string, readonly Machine[] | null>;
  /** By group: what its provider said it would launch. */
  readonly preflights?: ReadonlyMap<string, Preflights>;
  readonly isOnline: (instanceId: string) => boolean;
  /** For how many milliseconds this server has waited in vain to hear of it; null while it is online. */
  readonly silentMs?: (instanceId: string) => number | null;
  readonly hasReported: (instanceId: string) => boolean;
  readonly evidenceTtlMs: number;
  /** What a time of a row counts as, where the clock was set back since (`hindsight.ts`). */
  readonly timeOf?: (at: number) => number;
}

type TimeOf = NonNullable<Sources['timeOf']>;
const asWritten: TimeOf = (at) => at;

/** Of one instance, the gravest; the bound of a cause too. The rest is in the findings. */
const driftsMax = 1_000;

/** One transaction, so that no half of a report or a replacement is seen. */
export function takeSnapshot(sources: Sources, now: number): Promise<FleetSnapshot> {
  return sources.db.transaction().execute(async (db) => {
    const images = await readImages(db);
    const instances = await readInstances({ ...sources, db }, images, now);
    const resets = await readResets(db, now);
    const failures = await readFailures(db);
    const typical = await readTypicalMs(db);
    const replaced = await readReplaced(db, now);
    const failedBefore = await readFailedBefore(db, sources.timeOf ?? asWritten);
    const places = await placesTaken(db);
    const kept = await liveQuarantines(db);
    const apart = apartOf(kept);
    const keptOver = new Set(kept.filter((one) => isKeptOver(one, now)).map(({ instanceId }) => instanceId));
    const groups = new Map<string, GroupSnapshot>();
    const stored = await readGroups(db);
    const silentIn = (name: string) => silentOf(sources, instances.get(name) ?? []);
    const rollouts = await readRolloutRecords(db, { groups: stored.map(({ group }) => group), images, silentIn }, now);
    for (const { group, breaker } of stored) {
      groups.set(group.name, {
        group,
        breaker,
        breakerResetAt: resets.get(group.name) ?? 0,
        machines:
          sources.machines.get(group.name)?.filter(({ providerId }) => !apart.has(`machine ${providerId}`)) ?? null,
        preflights: sources.preflights?.get(group.name) ?? new Map(),
        images: promotedImages(group, images),
        instances: (instances.get(group.name) ?? [])
          .filter(({ id }) => !apart.has(`instance ${id}`))
          .map((one) => (keptOver.has(one.id) ? { ...one, isKeptOver: true } : one)),
        rollouts: rollouts.get(group.name) ?? new Map(),
        failures: failuresOf(failures.get(group.name), sources.timeOf ?? asWritten),
        typicalMs: typical.get(group.name) ?? null,
        replaced: replaced.get(group.name) ?? [],
        failedBefore: failedBefore.get(group.name) ?? new Map(),
        evidencePlaces: places.get(group.name) ?? 0,
      });
    }
    const absence = await readAbsence(db, sources, now);
    const [active, starts, soaked] = [await readActive(db), await readStarts(db, now), await readSoaked(db)];
    const [holds, consents] = [await readHolds(db, now), await readConsents(db, now)];
    return { groups, absence, active, starts, soaked, holds, consents };
  });
}

/** What is kept and has its replacement, or is let go, is no member of its group any more: neither its size nor its limits. */
function apartOf(kept: readonly StoredQuarantine[]): ReadonlySet<string> {
  const away = kept.filter(({ replacementId, state }) => replacementId !== null || state === 'ending');
  return new Set(away.flatMap(({ instanceId, providerId }) => [`instance ${instanceId}`, `machine ${providerId}`]));
}

/** Nobody but a person ends it: until then it must not hold back what its group needs. */
function isKeptOver({ replacementId, state, expiresAt }: StoredQuarantine, now: number): boolean {
  return state === 'kept' && replacementId === null && now >= expiresAt;
}

/** Who was never heard of since this server began to listen may have had no time to say anything. */
function silentOf({ hasReported }: Sources, instances: readonly InstanceSnapshot[]): ReadonlySet<string> {
  return new Set(instances.filter(({ id, online }) => !online && hasReported(id)).map(({ id }) => id));
}

function failuresOf(failures: GroupSnapshot['failures'] | undefined, timeOf: TimeOf): GroupSnapshot['failures'] {
  return failures ? { ...failures, lastAt: timeOf(failures.lastAt) } : null;
}

async function readImages(db: Db): Promise<ReadonlyMap<string, Image>> {
  const rows = await db.selectFrom('image').select(['name', 'version', 'digest']).execute();
  return new Map(rows.map((row) => [row.digest, row]));
}

function promotedImages(group: Group, images: ReadonlyMap<string, Image>): ReadonlyMap<ImageRef, Image> {
  const promoted = new Set(Object.values(group.images));
  return new Map(
    [...images.values()].filter((image) => promoted.has(imageRef(image))).map((image) => [imageRef(image), image]),
  );
}

async function readInstances(
  { db, machines, isOnline, silentMs = () => null, evidenceTtlMs, timeOf = asWritten }: Sources,
  images: ReadonlyMap<string, Image>,
  now: number,
): Promise<ReadonlyMap<string, readonly InstanceSnapshot[]>> {
  const rows = await db
    .selectFrom('instance')
    .select(['id', 'group_name', 'provider_id', 'launch_key', 'image_digest', 'lifecycle', 'verdict', 'doubts'])
    .select(['taint_severity', 'taint_at', 'exempt_until', 'enrolled_at', 'scan_finished_at'])
    .select(['labels', 'last_seen_at', 'verdict_at'])
    .where('lifecycle', '!=', 'retired')
    .execute();
  const drifts = await readDrifts(db, timeOf);
  const requests = await readRequests(db, now);
  const zones = zonesOf(machines);
  const byGroup = new Map<string, InstanceSnapshot[]>();
  for (const row of rows) {
    const own = byGroup.get(row.group_name) ?? [];
    const { verdict, scan_finished_at: scanFinishedAt, exempt_until: exemptUntil } = row;
    const content = contentOf({ verdict, scanFinishedAt, exemptUntil }, now, evidenceTtlMs);
    const evidenceExpiresAt = scanFinishedAt === null ? null : expiryOf(scanFinishedAt, now, evidenceTtlMs);
    own.push({
      id: row.id,
      providerId: row.provider_id,
      launchKey: row.launch_key,
      image: images.get(row.image_digest) ?? null,
      labels: row.labels === '{}' ? noLabels : JSON.parse(row.labels),
      zone: zones.get(`${row.group_name} ${row.provider_id}`) ?? null,
      lifecycle: row.lifecycle,
      content,
      isInDoubt: row.doubts !== '[]',
      online: isOnline(row.id),
      silentSince: sinceOf(silentMs(row.id), now),
      heardAt: Date.parse(row.last_seen_at),
      unverifiableSince: content === 'unverifiable' ? unverifiableSince(row, evidenceExpiresAt) : null,
      requested: requests.get(row.id) ?? null,
      taint:
        row.taint_at === null
          ? null
          : { severity: row.taint_severity as Severity, since: timeOf(Date.parse(row.taint_at)) },
      drifts: drifts.get(row.id) ?? [],
      enrolledAt: Date.parse(row.enrolled_at),
      evidenceExpiresAt,
    });
    byGroup.set(row.group_name, own);
  }
  return byGroup;
}

const noLabels = {};

function sinceOf(ms: number | null, now: number): number | null {
  return ms === null ? null : now - ms;
}

/** The verdict as stored has stood since then; one that was clean is not any more since its evidence expired. */
function unverifiableSince(
  row: { readonly verdict: Verdict; readonly verdict_at: string; readonly scan_finished_at: string | null },
  expiresAt: number | null,
): number {
  return row.verdict === 'unverifiable' || expiresAt === null ? Date.parse(row.verdict_at) : expiresAt;
}

/** By group and id; what its provider does not list has none. */
function zonesOf(machines: Sources['machines']): ReadonlyMap<string, string> {
  const zones = new Map<string, string>();
  for (const [group, listed] of machines) {
    for (const { providerId, zone } of listed ?? []) if (zone) zones.set(`${group} ${providerId}`, zone);
  }
  return zones;
}

function expiryOf(scanFinishedAt: string, now: number, evidenceTtlMs: number): number {
  const expiresAt = Date.parse(scanFinishedAt) + evidenceTtlMs;
  return isExpired(scanFinishedAt, now, evidenceTtlMs) ? Math.min(now, expiresAt) : expiresAt;
}

/** Reverting does not cancel: what was closed since the taint belongs to the cause too. What was pardoned before, or is exempted, does not. */
async function readDrifts(db: Db, timeOf: TimeOf): Promise<ReadonlyMap<string, readonly InstanceDrift[]>> {
  const rows = await db
    .selectFrom('finding')
    .innerJoin('instance', 'instance.id', 'finding.instance_id')
    .innerJoin('drift', 'drift.fingerprint', 'finding.fingerprint')
    .leftJoin('image', 'image.digest', 'instance.image_digest')
    .leftJoin('rules', (join) =>
      join.onRef('rules.image_name', '=', 'image.name').onRef('rules.sequence', '=', 'finding.by_rules'),
    )
    .select(['finding.instance_id', 'finding.fingerprint', 'finding.severity', 'finding.first_seen_at'])
    .select(['finding.relabel', 'finding.folded', 'rules.activated_at'])
    .select(['drift.subject', 'drift.name', 'drift.change'])
    .where('instance.lifecycle', '!=', 'retired')
    .where('instance.taint_at', 'is not', null)
    .where('finding.severity', '!=', 'info')
    // It taints nobody (`fleet/identities.ts`).
    .where('finding.rule', '!=', identityRule)
    .whereRef('finding.tainting_since', '>=', 'instance.taint_at')
    .where(({ not }) => not(isExempt))
    .orderBy('finding.first_seen_at')
    .orderBy('finding.fingerprint')
    .execute();
  const byInstance = new Map<string, Map<string, InstanceDrift>>();
  for (const { instance_id, folded, relabel, first_seen_at, activated_at, ...row } of rows) {
    const own = byInstance.get(instance_id) ?? new Map<string, InstanceDrift>();
    const severity = row.severity as Severity;
    // A relabel is one drift: as grave as the gravest file of it, and as old as that.
    const isFolded = folded === 1 && relabel !== null;
    const fingerprint = isFolded ? relabelFingerprint(relabel) : row.fingerprint;
    const shape = isFolded ? `relabel ${relabel}` : shapeOf({ ...row, change: row.change as Finding['change'] });
    const heldUntil = activated_at === null ? null : timeOf(Date.parse(activated_at)) + newRulesHoldMs;
    const drift = { fingerprint, shape, severity, firstSeenAt: timeOf(Date.parse(first_seen_at)), heldUntil };
    own.set(fingerprint, graver(own.get(fingerprint), drift));
    byInstance.set(instance_id, own);
  }
  return new Map([...byInstance].map(([id, own]) => [id, boundDrifts([...own.values()])]));
}

/** Of a relabel, any file that is there by itself lets the whole act. */
function graver(before: InstanceDrift | undefined, drift: InstanceDrift): InstanceDrift {
  if (before === undefined) return drift;
  const gravest = severityAtLeast(before.severity, drift.severity) ? before : drift;
  const isHeld = before.heldUntil !== null && drift.heldUntil !== null;
  return { ...gravest, heldUntil: isHeld ? Math.max(before.heldUntil, drift.heldUntil) : null };
}

/** Much that is slight must not hide, from a trigger that waits for it, the one thing that is grave. */
function boundDrifts(drifts: readonly InstanceDrift[]): readonly InstanceDrift[] {
  if (drifts.length <= driftsMax) return drifts;
  return drifts.toSorted(gravestFirst).slice(0, driftsMax);
}

/** A reset from a time to come counts for nothing: the clock was set back since, and until then no taint would count. */
async function readResets(db: Db, now: number): Promise<ReadonlyMap<string, number>> {
  const rows = await db.selectFrom('instance_group').select(['name', 'breaker_reset_at']).execute();
  const at = (text: string | null) => (text === null ? 0 : Date.parse(text));
  return new Map(
    rows.map(({ name, breaker_reset_at: reset }) => [name, at(reset) > now + clockStepMsMax ? 0 : at(reset)]),
  );
}

async function readActive(db: Db): Promise<readonly ActiveReplacement[]> {
  const rows = await db
    .selectFrom('replacement')
    .leftJoin('instance', 'instance.id', 'replacement.old_instance_id')
    .select(['replacement.id', 'replacement.group_name', 'policy', 'state', 'old_instance_id', 'old_provider_id'])
    .select(['replacement.zone', 'instance.labels'])
    .where('state', 'not in', endedStates)
    .orderBy('replacement.id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    group: row.group_name,
    policy: row.policy,
    state: row.state as ReplacementState,
    oldInstanceId: row.old_instance_id,
    oldProviderId: row.old_provider_id,
    zone: row.zone,
    labels: row.labels === null ? noLabels : JSON.parse(row.labels),
  }));
}
