import type { StartQuarantine } from '../../shared/api-quarantine.ts';
import { timestamp } from '../../shared/clock.ts';
import { durationMs } from '../../shared/duration.ts';
import { CodedError } from '../../shared/errors.ts';
import { type Keeping, Quarantine } from '../../shared/keeping.ts';
import type { Policy } from '../../shared/policy.ts';
import { selectorIn } from '../../shared/selector.ts';
import { type Severity, severityAtLeast } from '../../shared/severity.ts';
import type { Db } from '../store/database.ts';
import { readGroup } from '../store/group-store.ts';
import { findImage } from '../store/image-store.ts';
import { getInstance, type StoredInstance, setLifecycle } from '../store/instance-store.ts';
import { zoneOf } from '../store/machine-store.ts';
import { enforcingPolicies } from '../store/policy-store.ts';
import {
  countStartedBy,
  insertQuarantine,
  latestQuarantine,
  moveQuarantine,
  placesTaken,
  type StoredQuarantine,
  setExpiry,
} from '../store/quarantine-store.ts';
import { isBeingMade } from '../store/replacement-store.ts';
import type { Decision } from './decision.ts';

const hourMs = 3_600_000;
/** What begins by itself, without a person who looked, takes capacity away: no more than so many an hour. */
const startedByItselfPerHourMax = 1;

/** Where nobody says how long, and how many. */
const byDefault: Keeping = keepingOf(Quarantine.parse({}));

/**
 * How a machine must be kept when it goes, by all policies that act there; null where none asks for it. The strictest of
 * each holds. The taint decides, not what it is replaced for: else whoever is drifted would only have to be outdated too.
 */
export function keepingFor(policies: readonly Policy[], taint: Severity | null): Keeping | null {
  if (taint === null) return null;
  const asking = policies.flatMap(({ quarantine }) => quarantine ?? []);
  return asking
    .filter(({ severity }) => severityAtLeast(taint, severity))
    .map(keepingOf)
    .reduce(stricter, null);
}

/** Whoever may not let evidence go must not be able to have none kept either. */
export function isLessKeeping(before: Policy, after: Policy): boolean {
  if (before.mode !== 'enforce' || before.quarantine === undefined) return false;
  const isElsewhere = JSON.stringify(after.select) !== JSON.stringify(before.select);
  if (isElsewhere || after.mode !== 'enforce' || after.quarantine === undefined) return true;
  const [asked, wanted] = [before.quarantine, after.quarantine];
  return !severityAtLeast(asked.severity, wanted.severity) || durationMs(wanted.keepFor) < durationMs(asked.keepFor);
}

/** The longer time, and the smaller number. */
export function stricter(a: Keeping | null, b: Keeping | null): Keeping | null {
  if (a === null || b === null) return a ?? b;
  const keepFor = durationMs(a.keepFor) >= durationMs(b.keepFor) ? a.keepFor : b.keepFor;
  return { keepFor, max: Math.min(a.max, b.max) };
}

function keepingOf({ keepFor, max }: Quarantine): Keeping {
  return { keepFor, max };
}

/**
 * Begins to keep a machine that nothing replaces yet: it is out of service from now on, and stays until a person releases
 * it, or it is replaced. `byItself` where no person has looked: once an hour and not more, because it takes capacity away.
 * Errors: NOT_FOUND; CONFLICT where it is not in service, its group has no place left, or it was begun too lately.
 */
export async function startQuarantine(
  db: Db,
  {
    instanceId,
    reason,
    actor,
    keepFor,
    byItself = false,
  }: Decision & StartQuarantine & { readonly byItself?: boolean },
  now: number,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const instance = await getInstance(tx, instanceId);
    const { group, providerId, lifecycle, launchKey, taint } = instance;
    const refuse = (why: string): never => {
      throw new CodedError('CONFLICT', `instance ${instanceId} ${why}`);
    };
    if (lifecycle !== 'active') refuse(`is ${lifecycle}`);
    if (await isBeingMade(tx, launchKey)) refuse('replaces another one just now: abort that, or wait for it');
    if (providerId === null) return refuse('has no machine that a provider knows');
    if (byItself && (await countStartedBy(tx, actor, now - hourMs)) >= startedByItselfPerHourMax)
      refuse('waits: one was isolated within an hour without being replaced');
    const asking = (await actingOn(tx, instance)).flatMap(({ quarantine }) => quarantine ?? []);
    const { max, keepFor: usual } = asking.map(keepingOf).reduce(stricter, null) ?? byDefault;
    const taken = (await placesTaken(tx)).get(group) ?? 0;
    if (taken >= max) refuse(`cannot be kept: ${taken} of ${max} places of group ${group} are taken; release one`);
    const keepMs = durationMs(keepFor ?? usual);
    const severity = taint?.severity ?? null;
    await insertQuarantine(
      tx,
      { group, instanceId, providerId, replacementId: null, owner: actor, reason, severity, keepMs },
      now,
    );
    await setLifecycle(tx, instanceId, 'quarantined', timestamp(now));
  });
}

async function actingOn(tx: Db, { group: name, imageDigest, labels, providerId }: StoredInstance) {
  const group = (await readGroup(tx, name))?.group;
  const image = (await findImage(tx, imageDigest)) ?? null;
  const instance = { image, labels, zone: await zoneOf(tx, name, providerId) };
  const enforcing = (await enforcingPolicies(tx, name)).map(({ policy }) => policy);
  return enforcing.filter(({ select }) => group && selectorIn(select, group)?.(instance));
}

/**
 * A person says that nobody needs it any more: the machine is ended, and its snapshot dropped. From here on it is retired.
 * Errors: NOT_FOUND, CONFLICT where nothing is kept or it is being replaced.
 */
export async function releaseQuarantine(db: Db, { instanceId, reason, actor }: Decision, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const kept = await keptOf(tx, instanceId);
    const { lifecycle } = await getInstance(tx, instanceId);
    if (lifecycle === 'replacing')
      throw new CodedError(
        'CONFLICT',
        `instance ${instanceId} is being replaced: wait until that is over, or abort it`,
      );
    const detail = `released by ${actor}: ${reason}`;
    await moveQuarantine(tx, kept, { to: 'ending', detail, set: { releasedAt: now } }, now, { reason, actor });
    await setLifecycle(tx, instanceId, 'retired', timestamp(now), { reason, actor });
  });
}

/** Errors: NOT_FOUND, CONFLICT where nothing is kept. */
export async function extendQuarantine(
  db: Db,
  { instanceId, reason, actor, by }: Decision & { readonly by: string },
  now: number,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const kept = await keptOf(tx, instanceId);
    await setExpiry(tx, kept, Math.max(now, kept.expiresAt) + durationMs(by), { reason, actor }, now);
  });
}

async function keptOf(tx: Db, instanceId: string): Promise<StoredQuarantine> {
  await getInstance(tx, instanceId);
  const kept = await latestQuarantine(tx, instanceId);
  if (kept === undefined || kept.state === 'ended' || kept.state === 'ending') {
    const why =
      kept === undefined ? 'is not kept' : kept.state === 'ended' ? 'was kept, and is not any more' : 'is let go';
    throw new CodedError('CONFLICT', `instance ${instanceId} ${why}`);
  }
  return kept;
}
