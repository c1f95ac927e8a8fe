import { decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Clock } from '../../../shared/clock.ts';
import { durationMs } from '../../../shared/duration.ts';
import type { KubernetesCredential } from '../../../shared/enrolment.ts';
import { CodedError } from '../../../shared/errors.ts';
import { parseImageRef } from '../../../shared/image.ts';
import type { Db } from '../../store/database.ts';
import { readGroup } from '../../store/group-store.ts';
import { findImageByRef } from '../../store/image-store.ts';
import { type KubernetesEnrolment, kubernetesName } from './config.ts';
import { openKeySet } from './key-set.ts';
import type { EnrolmentWay, Grant } from './way.ts';

/** How far an issuer's clock may be from ours. */
const skewSecondsMax = 30;

const named = z.object({ name: kubernetesName, uid: z.uuid() });
/**
 * The private claims of a token that is bound to a pod and its node. Source: kubernetes.io, "Managing Service Accounts",
 * section "Schema for service account private claims"; `node` is there since 1.30.
 */
const Bound = z.object({
  namespace: kubernetesName,
  serviceaccount: named,
  pod: named,
  node: named,
});
type Bound = z.infer<typeof Bound>;

interface Cluster extends KubernetesEnrolment {
  readonly keys: JWTVerifyGetKey;
}

/** A cluster says which pod this is, on which node, and as which service account it runs. */
export function createKubernetesWay(
  config: readonly KubernetesEnrolment[],
  clock: Pick<Clock, 'monotonic'>,
): EnrolmentWay<KubernetesCredential> {
  const clusters = config.map((one): Cluster => ({ ...one, keys: openKeySet(one.jwks, clock) }));
  return {
    async prove({ token }, { now }) {
      const cluster = clusterOf(token, clusters);
      const bound = boundOf(await verified(token, cluster, now));
      const account = cluster.serviceAccounts.find(
        ({ namespace, name }) => namespace === bound.namespace && name === bound.serviceaccount.name,
      );
      if (account === undefined) {
        refuse(`${bound.namespace}/${bound.serviceaccount.name} is not in enrolment.kubernetes.serviceAccounts`);
      }
      return (tx) => grant(tx, bound, account);
    },
  };
}

/** What the token says of its issuer only chooses whose keys it must hold against. */
function clusterOf(token: string, clusters: readonly Cluster[]): Cluster {
  let issuer: unknown;
  try {
    issuer = decodeJwt(token).iss;
  } catch (cause) {
    throw new CodedError(
      'FORBIDDEN',
      'expected a JWT: is kubernetesTokenFile a projected service-account token?',
      cause,
    );
  }
  const cluster = clusters.find((one) => one.issuer === issuer);
  if (cluster === undefined) refuse('no cluster of enrolment.kubernetes has the issuer of this token');
  return cluster;
}

async function verified(token: string, cluster: Cluster, now: number): Promise<JWTPayload> {
  const { issuer, audience, algorithms, maxAge, keys } = cluster;
  try {
    const { payload } = await jwtVerify(token, keys, {
      ...{ issuer, audience, algorithms, clockTolerance: skewSecondsMax, currentDate: new Date(now) },
      maxTokenAge: durationMs(maxAge) / 1_000,
      requiredClaims: ['exp', 'iat', 'sub', 'kubernetes.io'],
    });
    return payload;
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    throw new CodedError('FORBIDDEN', sentenceFor(error, cluster), error);
  }
}

function sentenceFor(error: errors.JOSEError, { audience, algorithms, maxAge }: Cluster): string {
  if (error instanceof errors.JWTExpired) {
    return error.claim === 'iat'
      ? `the token is older than ${maxAge} (maxAge)`
      : 'the token has expired: is it renewed?';
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return `the token is not for the audience ${audience}`;
    if (error.claim === 'nbf' || error.claim === 'iat')
      return 'the token is not good yet: is the server’s clock right?';
    return `the token needs a claim ${error.claim} that holds`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return `the token must be signed by ${algorithms.join(' or ')}`;
  if (error instanceof errors.JWKSNoMatchingKey) return 'the token names a key that its issuer does not have';
  return 'the token is not signed by its issuer';
}

/** A token that outlives its pod, or goes with it to another node, vouches for no machine. */
function boundOf(payload: JWTPayload): Bound {
  const result = Bound.safeParse(payload['kubernetes.io']);
  if (!result.success) {
    const claim = result.error.issues[0]?.path.join('.') ?? '';
    throw new CodedError(
      'FORBIDDEN',
      `the token is not bound to a pod and a node (kubernetes.io ${claim}): project it into the pod`,
      result.error,
    );
  }
  const { namespace, serviceaccount } = result.data;
  if (payload.sub !== `system:serviceaccount:${namespace}:${serviceaccount.name}`)
    refuse('the token contradicts itself: its subject is not its service account');
  return result.data;
}

async function grant(tx: Db, bound: Bound, account: KubernetesEnrolment['serviceAccounts'][number]): Promise<Grant> {
  const { namespace, serviceaccount, pod, node } = bound;
  const stored = await readGroup(tx, account.group);
  if (stored === undefined) refuse(`there is no group ${account.group}: declare it with \`pristinectl apply\``);
  const ref = parseImageRef(account.image);
  const image = ref && (await findImageByRef(tx, ref));
  return {
    by: 'kubernetes',
    with: `${namespace}/${serviceaccount.name}, pod ${pod.name}, node ${node.name}`,
    group: account.group,
    labels: stored.group.labels,
    launchKey: null,
    providerId: pod.uid,
    imageDigest: image?.digest ?? null,
    startedFrom: account.image,
    isMachineVouched: true,
  };
}

function refuse(why: string): never {
  throw new CodedError('FORBIDDEN', why);
}
