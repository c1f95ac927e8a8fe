import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import { appendChangeEvents } from '../fleet/change-events.ts';
import { claimantsMax, contest } from '../fleet/claimants.ts';
import { withUnknownImage } from '../fleet/image-links.ts';
import type { Log } from '../fleet/log.ts';
import { withVerdict } from '../fleet/verdict.ts';
import type { Db } from '../store/database.ts';
import { appendEvent } from '../store/event-store.ts';
import { openFindings } from '../store/finding-store.ts';
import type { Transactions } from '../store/group-commit.ts';
import {
  findInstanceByKey,
  findInstancesOfMachine,
  insertInstance,
  type StoredInstance,
  updateInstance,
} from '../store/instance-store.ts';
import { findLaunchOfMachine } from '../store/launch-store.ts';
import { isKeyRevoked } from '../store/revoked-key-store.ts';
import type { Attempts } from './enrolment/attempts.ts';
import type { Denial, EnrolmentWay, Grant, Visit } from './enrolment/way.ts';
import type { ProvenHello } from './hello.ts';
import { comparesOtherImage, withOtherImage } from './other-image.ts';
import { rotateKey } from './rotate-key.ts';

export type Enrolment =
  | { readonly kind: 'enrolled'; readonly instance: StoredInstance; readonly changed: boolean }
  | { readonly kind: 'retired'; readonly instanceId: string }
  | { readonly kind: 'revoked' }
  /** Too much was asked of late. */
  | { readonly kind: 'later'; readonly why: string };

export interface Desk {
  readonly db: Transactions;
  readonly log: Log;
  readonly ways: EnrolmentWay;
  readonly attempts: Attempts;
}

/**
 * The instance of a proven key: the one it has, or a new one for its credential. A key that is enrolled needs none and uses
 * none, so that an agent whose welcome got lost just says hello again. Errors: FORBIDDEN, UNREACHABLE.
 */
export async function enrol(desk: Desk, hello: ProvenHello, visit: Visit): Promise<Enrolment> {
  const { db, log, attempts } = desk;
  const known = await db.transaction().execute((tx) => comeBack(tx, hello, visit.now));
  if (known !== undefined) return known;
  if (!attempts.mayTry(visit.peer))
    return { kind: 'later', why: 'too many refused enrolments from this network of late: try again later' };
  try {
    const enrolment = await enrolNew(desk, hello, visit);
    if (!('denied' in enrolment)) {
      return await db.transaction().execute((tx) => withNextKey(tx, enrolment, hello, visit.now));
    }
    if (enrolment.told !== undefined)
      log.warn(enrolment.told, 'a credential was used that is good for nothing any more');
    throw new CodedError('FORBIDDEN', enrolment.denied);
  } catch (error) {
    if (error instanceof CodedError && error.code === 'FORBIDDEN') attempts.refused(visit.peer);
    throw error;
  }
}

async function comeBack(tx: Db, hello: ProvenHello, now: number): Promise<Enrolment | undefined> {
  if (await isKeyRevoked(tx, hello.keyId)) return { kind: 'revoked' };
  const known = await findInstanceByKey(tx, hello.keyId);
  if (known === undefined) return undefined;
  if (known.lifecycle === 'retired') return { kind: 'retired', instanceId: known.id };
  return withNextKey(tx, await welcomeBack(tx, known, hello, timestamp(now)), hello, now);
}

async function withNextKey(tx: Db, enrolment: Enrolment, { nextKey }: ProvenHello, now: number): Promise<Enrolment> {
  if (nextKey === undefined || enrolment.kind !== 'enrolled') return enrolment;
  const instance = await rotateKey(tx, enrolment.instance, nextKey, now);
  if (instance === undefined) return { kind: 'later', why: 'the key was changed only just now: try again later' };
  return { ...enrolment, instance, changed: true };
}

/** Writes only what is new: after a restart of the server the whole fleet comes back within a minute. */
async function welcomeBack(tx: Db, known: StoredInstance, hello: ProvenHello, at: string): Promise<Enrolment> {
  const { agentVersion, facts } = hello;
  const sameAgent = agentVersion === known.agentVersion && JSON.stringify(facts) === JSON.stringify(known.facts);
  const turnsAway = hello.image !== known.imageDigest && !comparesOtherImage(known);
  if (sameAgent && !turnsAway) return { kind: 'enrolled', instance: known, changed: false };

  const told = { ...known, agentVersion, facts };
  const instance = turnsAway
    ? withVerdict(withOtherImage(told, hello.image), await openFindings(tx, known.id), at)
    : told;
  await updateInstance(tx, instance);
  const changed = await appendChangeEvents(tx, {
    before: known,
    after: instance,
    opened: [],
    closed: [],
    scanId: null,
    at,
  });
  return { kind: 'enrolled', instance, changed };
}

/** The slow part first, without the database; then one transaction, in which the key may have been enrolled meanwhile. */
async function enrolNew({ db, log, ways }: Desk, hello: ProvenHello, visit: Visit): Promise<Enrolment | Denial> {
  if (hello.enrolment === undefined) {
    throw new CodedError(
      'FORBIDDEN',
      'the key is not enrolled, and no credential came with it: see `enrol` in agent.yaml',
    );
  }
  const redeem = await ways.prove(hello.enrolment, visit);
  return db.transaction().execute(async (tx): Promise<Enrolment | Denial> => {
    const known = await comeBack(tx, hello, visit.now);
    if (known !== undefined) return known;
    const grant = await redeem(tx);
    if ('denied' in grant) return grant;
    const instance = await enrolGranted({ tx, log }, hello, grant, visit);
    return withNextKey(tx, { kind: 'enrolled', instance, changed: true }, hello, visit.now);
  });
}

/** Group, image and labels come with what vouches for the instance: nothing the agent says decides them. */
async function enrolGranted(
  { tx, log }: { readonly tx: Db; readonly log: Log },
  hello: ProvenHello,
  grant: Grant,
  { now, peer }: Visit,
): Promise<StoredInstance> {
  const at = timestamp(now);
  const others = grant.isMachineVouched ? await claimantsOf(tx, grant) : [];
  const fresh = freshInstance(hello, grant, { now, launchKey: await launchOf(tx, grant) });
  const instance = hello.image === fresh.imageDigest ? fresh : withOtherImage(fresh, hello.image);
  await insertInstance(tx, instance);
  const { by, with: vouching } = grant;
  const { launchKey } = instance;
  await appendEvent(tx, {
    at,
    type: 'instance.enrolled',
    groupName: instance.group,
    instanceId: instance.id,
    data: { key: instance.keyId, imageDigest: instance.imageDigest, by, with: vouching, launchKey, peer },
  });
  if (others.length > 0) {
    const claimants = [...others, instance];
    await contest(tx, claimants, now);
    log.error(
      { machine: instance.providerId, claimants: claimants.map(({ id }) => id), peer },
      'two keys claim to be one machine: both are in doubt until `pristinectl instances accept`',
    );
  }
  return instance;
}

/** A machine that was let go does not come back, and a third claimant says nothing that two do not. */
async function claimantsOf(tx: Db, { providerId }: Grant): Promise<readonly StoredInstance[]> {
  const before = providerId === null ? [] : await findInstancesOfMachine(tx, providerId);
  const claiming = before.filter(({ lifecycle }) => lifecycle !== 'retired');
  if (claiming.length === 0 && before.length > 0)
    throw new CodedError('FORBIDDEN', `${providerId} is retired, and a machine enrols once: launch another`);
  if (claiming.length >= claimantsMax)
    throw new CodedError(
      'FORBIDDEN',
      `${providerId} is claimed twice: accept one with \`pristinectl instances accept\``,
    );
  return claiming;
}

/** A cloud knows the machine and not our launch; the provider has told which machine that one made, or will (`bindMachine`). */
async function launchOf(tx: Db, { launchKey, isMachineVouched, group, providerId }: Grant): Promise<string | null> {
  if (launchKey !== null || !isMachineVouched || providerId === null) return launchKey;
  return findLaunchOfMachine(tx, group, providerId);
}

function freshInstance(
  hello: ProvenHello,
  grant: Grant,
  { now, launchKey }: { readonly now: number; readonly launchKey: string | null },
): StoredInstance {
  const at = timestamp(now);
  const fresh: StoredInstance = {
    id: uuidv7(now),
    keyId: hello.keyId,
    publicKey: hello.publicKey,
    group: grant.group,
    imageDigest: grant.imageDigest ?? '',
    labels: grant.labels,
    launchKey,
    providerId: grant.providerId,
    lifecycle: 'active',
    verdict: 'unverifiable',
    verdictAt: at,
    taint: null,
    exemptUntil: null,
    boot: 0,
    seq: 0,
    rules: hello.rules,
    stateDigest: null,
    scan: null,
    coverage: null,
    pendingScan: null,
    doubts: [],
    enrolledAt: at,
    lastSeenAt: at,
    agentVersion: hello.agentVersion,
    facts: hello.facts,
    enrolledBy: grant.by,
    enrolledWith: grant.with,
    startedFrom: grant.startedFrom,
  };
  return grant.imageDigest === null ? withUnknownImage(fresh, grant.startedFrom ?? '') : fresh;
}
