import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import { appendChangeEvents } from '../fleet/change-events.ts';
import { withVerdict } from '../fleet/verdict.ts';
import type { Db } from '../store/database.ts';
import { appendEvent } from '../store/event-store.ts';
import { openFindings } from '../store/finding-store.ts';
import type { Transactions } from '../store/group-commit.ts';
import {
  findInstanceByKey,
  findInstanceByLaunch,
  insertInstance,
  type StoredInstance,
  updateInstance,
} from '../store/instance-store.ts';
import { redeemToken } from '../store/token-store.ts';
import type { ProvenHello } from './hello.ts';
import { comparesOtherImage, withOtherImage } from './other-image.ts';

export type Enrolment =
  | { readonly kind: 'enrolled'; readonly instance: StoredInstance; readonly changed: boolean }
  | { readonly kind: 'retired'; readonly instanceId: string };

/**
 * The instance of a proven key: the one it has, or a new one for a join token. A key that is enrolled needs no token and
 * uses none, so that an agent whose welcome got lost just says hello again. Errors: FORBIDDEN.
 */
export async function enrol(db: Transactions, hello: ProvenHello, now: number): Promise<Enrolment> {
  return db.transaction().execute(async (tx): Promise<Enrolment> => {
    const known = await findInstanceByKey(tx, hello.keyId);
    if (known?.lifecycle === 'retired') return { kind: 'retired', instanceId: known.id };
    if (known) return welcomeBack(tx, known, hello, timestamp(now));
    return { kind: 'enrolled', instance: await enrolNew(tx, hello, now), changed: true };
  });
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

/** Group, image and labels come with the token: nothing the agent says decides them. */
async function enrolNew(tx: Db, hello: ProvenHello, now: number): Promise<StoredInstance> {
  if (hello.joinToken === undefined)
    throw new CodedError('FORBIDDEN', 'the key is not enrolled, and no join token came with it');
  const grant = await redeemToken(tx, hello.joinToken, now);
  if (grant === undefined) throw new CodedError('FORBIDDEN', 'the join token is unknown, used up or expired');
  // A launch that was asked for twice has two tokens and one machine.
  if (grant.launchKey !== null && (await findInstanceByLaunch(tx, grant.launchKey)) !== undefined)
    throw new CodedError('FORBIDDEN', 'another agent has enrolled for this launch');
  const at = timestamp(now);
  const fresh: StoredInstance = {
    id: uuidv7(now),
    keyId: hello.keyId,
    publicKey: hello.publicKey,
    group: grant.group,
    imageDigest: grant.imageDigest,
    labels: grant.labels,
    launchKey: grant.launchKey,
    providerId: grant.providerId,
    lifecycle: 'active',
    verdict: 'unverifiable',
    verdictAt: at,
    taint: null,
    boot: 0,
    seq: 0,
    rules: hello.rules,
    stateDigest: null,
    scan: null,
    coverage: null,
    pendingScan: null,
    enrolledAt: at,
    lastSeenAt: at,
    agentVersion: hello.agentVersion,
    facts: hello.facts,
  };
  const instance = hello.image === grant.imageDigest ? fresh : withOtherImage(fresh, hello.image);
  await insertInstance(tx, instance);
  await appendEvent(tx, {
    at,
    type: 'instance.enrolled',
    groupName: instance.group,
    instanceId: instance.id,
    data: { key: instance.keyId, imageDigest: instance.imageDigest, token: grant.tokenId, launchKey: grant.launchKey },
  });
  return instance;
}
