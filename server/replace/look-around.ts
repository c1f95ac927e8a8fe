import { sentenceOf } from '../../shared/errors.ts';
import { imageRef } from '../../shared/image.ts';
import type { Keeping } from '../../shared/keeping.ts';
import type { Group, Policy } from '../../shared/policy.ts';
import { selectorIn } from '../../shared/selector.ts';
import { contentOf } from '../fleet/content.ts';
import { holdsOf } from '../fleet/hold.ts';
import { keepingFor } from '../fleet/quarantine.ts';
import type { Machine } from '../provider/provider.ts';
import { readConsent } from '../store/approval-store.ts';
import type { Db } from '../store/database.ts';
import { isOnRecord } from '../store/evidence-store.ts';
import { readGroup } from '../store/group-store.ts';
import { readHolds } from '../store/hold-store.ts';
import { findImage } from '../store/image-store.ts';
import { findInstance, findInstanceByLaunch, type StoredInstance } from '../store/instance-store.ts';
import { latestLook } from '../store/look-store.ts';
import { zoneOf } from '../store/machine-store.ts';
import { enforcingPolicies, readPolicy } from '../store/policy-store.ts';
import { latestQuarantine, placesTaken } from '../store/quarantine-store.ts';
import type { Replacement } from '../store/replacement-store.ts';
import { findRollout } from '../store/rollout-store.ts';
import { rulesFor } from '../store/rules-store.ts';
import { callProvider, listMsMax } from './call-provider.ts';
import type { House } from './house.ts';
import { launchKeyOf } from './launch-key.ts';
import { type Answer, askPreflight, namedIn } from './preflight.ts';
import { callsMax } from './replacement.ts';
import type { Evidence, NewInstance, OldInstance, World } from './world.ts';

/** The provider first: what the store says is then at least as new. */
export async function lookAround(
  house: House,
  replacement: Replacement,
): Promise<Omit<World, 'drained' | 'terminated'>> {
  const { db, clock, isOnline, evidenceTtlMs } = house;
  const known = (await readGroup(db, replacement.group))?.group;
  const machines = (await isBeingKept(db, replacement)) ? null : await describe(house, known);
  const template = known && mustKnowTemplate(replacement) ? await askTemplate(house, replacement, known) : null;
  return db.transaction().execute(async (tx) => {
    const stored = await readGroup(tx, replacement.group);
    const policy = await readPolicy(tx, replacement.policy);
    const old = await oldInstance(tx);
    const acting = old && stored ? await actingOn(tx, stored.group, old) : [];
    const made = await findInstanceByLaunch(tx, launchKeyOf(replacement.id));
    const { group: name, oldInstanceId, approval, targetDigest } = replacement;
    const target = (await findImage(tx, targetDigest)) ?? null;
    const rollout = target && (await findRollout(tx, name, imageRef(target)));
    const now = clock.now();
    const holds = holdsOf(await readHolds(tx, now));
    return {
      machines,
      group: stored?.group ?? null,
      breaker: stored?.breaker?.cause ?? null,
      target,
      template,
      paused: rollout?.paused?.cause ?? null,
      policy: policy?.policy ?? null,
      policyVersion: policy?.version ?? null,
      holds: holds.on(name, oldInstanceId, made?.id),
      consent: approval === null ? null : await readConsent(tx, approval, now),
      acting,
      evidence: await evidenceOf(tx, replacement, keepingFor(acting, old?.taint?.severity ?? null)),
      old,
      new: made ? await newInstance(tx, made) : null,
      look: made ? ((await latestLook(tx, made.id)) ?? null) : null,
      rulesInForce: made ? ((await rulesFor(tx, made.id)).active?.sequence ?? null) : null,
    };
  });

  async function oldInstance(tx: Db): Promise<OldInstance | null> {
    const old = await findInstance(tx, replacement.oldInstanceId);
    if (old === undefined) return null;
    const { group, oldProviderId } = replacement;
    const zone = machines?.find(({ providerId }) => providerId === oldProviderId)?.zone;
    const { verdict, scan, exemptUntil } = old;
    const scanFinishedAt = scan?.finishedAt ?? null;
    const content = contentOf({ verdict, scanFinishedAt, exemptUntil }, clock.now(), evidenceTtlMs);
    const image = (await findImage(tx, old.imageDigest)) ?? null;
    return { ...old, image, zone: zone ?? (await zoneOf(tx, group, oldProviderId)), content, online: isOnline(old.id) };
  }

  async function newInstance(tx: Db, made: StoredInstance): Promise<NewInstance> {
    const { id: instanceId, verdict, scan, stateDigest, exemptUntil } = made;
    const scanFinishedAt = scan?.finishedAt ?? null;
    const content = contentOf({ verdict, scanFinishedAt, exemptUntil }, clock.now(), evidenceTtlMs);
    const isScanOnRecord =
      scan !== null && stateDigest !== null && (await isOnRecord(tx, { ...made, ...scan, instanceId, stateDigest }));
    return { ...made, content, online: isOnline(instanceId), isScanOnRecord };
  }
}

async function evidenceOf(
  tx: Db,
  { id, group, keeping, oldInstanceId }: Replacement,
  wanted: Keeping | null,
): Promise<Evidence> {
  const latest = await latestQuarantine(tx, oldInstanceId);
  const isOurs = latest !== undefined && (latest.state !== 'ended' || latest.replacementId === id);
  const record = isOurs ? latest : null;
  const needsPlace = wanted !== null && keeping === null && record === null;
  const taken = needsPlace ? ((await placesTaken(tx, oldInstanceId)).get(group) ?? 0) : 0;
  return { wanted, record, isFull: needsPlace && taken >= wanted.max };
}

async function actingOn(tx: Db, group: Group, old: OldInstance): Promise<readonly Policy[]> {
  const enforcing = (await enforcingPolicies(tx, group.name)).map(({ policy }) => policy);
  return enforcing.filter(({ select }) => selectorIn(select, group)?.(old));
}

/** Whoever keeps its old machine asks the provider, at a pace of its own: until that is done there is nothing to see here. */
async function isBeingKept(db: Db, { state, oldInstanceId }: Replacement): Promise<boolean> {
  const record = state === 'quarantining' ? await latestQuarantine(db, oldInstanceId) : undefined;
  if (record?.state !== 'isolating' && record?.state !== 'copying') return false;
  return record.attempts < callsMax;
}

/** Before anything is begun, and before what has no successor yet is ended. */
function mustKnowTemplate({ state, order }: Replacement): boolean {
  return state === 'reserved' || (state === 'draining' && order === 'terminate-first');
}

async function askTemplate(house: House, { id, targetDigest }: Replacement, group: Group): Promise<Answer | null> {
  const target = await findImage(house.db, targetDigest);
  if (target === undefined) return null;
  try {
    return await askPreflight(house, group, namedIn(group, imageRef(target)));
  } catch (error) {
    house.log.warn(
      { replacement: id, error: sentenceOf(error) },
      'replace: the provider could not be asked what it would launch',
    );
    return null;
  }
}

async function describe(
  { providers, clock, log }: House,
  group: Group | undefined,
): Promise<readonly Machine[] | null> {
  if (group === undefined) return null;
  try {
    return await callProvider(clock, 'list', () => providers(group).list(group), listMsMax);
  } catch (error) {
    log.warn({ group: group.name, error: sentenceOf(error) }, 'replace: the provider could not be asked');
    return null;
  }
}
