import { verify, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { durationMs } from '../../../shared/duration.ts';
import { type AwsCredential, awsImageId, awsRegion } from '../../../shared/enrolment.ts';
import { CodedError } from '../../../shared/errors.ts';
import type { Db } from '../../store/database.ts';
import { readGroup } from '../../store/group-store.ts';
import { findLinkedImage } from '../../store/link-store.ts';
import type { AwsEnrolment } from './config.ts';
import { readSignedData, type SignedData } from './signed-data.ts';
import type { EnrolmentWay, Grant } from './way.ts';

/** How far the cloud's clock may be ahead of ours. */
const aheadMsMax = 60_000;

/**
 * What we need of an instance identity document; it has more. Source: docs.aws.amazon.com, "Instance identity documents for
 * Amazon EC2 instances". `pendingTime` is when the instance was last in the state `pending`, which it leaves once it runs.
 */
const IdentityDocument = z.object({
  accountId: z.string().regex(/^\d{12}$/),
  region: z.string().regex(awsRegion),
  instanceId: z.string().regex(/^i-[0-9a-f]{8,17}$/),
  imageId: z.string().regex(awsImageId),
  pendingTime: z.iso.datetime(),
});
type IdentityDocument = z.infer<typeof IdentityDocument>;

/**
 * AWS says which instance this is, of which account, and what it was started from. The document has no nonce and no
 * audience: whoever can read it on the instance can show it here, once, and while it is young.
 * Errors: CONFIG for a certificate that is none.
 */
export function createAwsWay(config: AwsEnrolment, certificates: readonly string[]): EnrolmentWay<AwsCredential> {
  const keys = certificates.flatMap((pem) => certificatesOf(pem, config));
  return {
    async prove(credential, { now }) {
      const { document } = credential;
      const { algorithm, signed, signature } = proofOf(credential);
      const isSigned = keys.some((key) => isValidAt(key, now) && verify(algorithm, signed, key.publicKey, signature));
      if (!isSigned) refuse('no certificate of enrolment.aws.certificates that is valid now has signed this document');
      const identity = readDocument(document);
      refuseForeign(identity, config);
      refuseOld(identity, config, now);
      return (tx) => grant(tx, identity, config);
    },
  };
}

/** The document is what counts, whichever way it is signed: signed data of another one proves nothing of it. */
function proofOf({ document, rsa2048, signature }: AwsCredential): Omit<SignedData, 'content'> {
  const signed = Buffer.from(document, 'utf8');
  if (rsa2048 === undefined)
    return { algorithm: 'RSA-SHA256', signed, signature: Buffer.from(signature ?? '', 'base64') };
  const { content, ...proof } = readSignedData(Buffer.from(rsa2048, 'base64'));
  if (!content.equals(signed)) refuse('the signed data is of another document');
  return proof;
}

function certificatesOf(pem: string, { keyBitsMin }: AwsEnrolment): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => {
    const certificate = readCertificate(block);
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey;
    const bits = details?.modulusLength ?? 0;
    if (type === 'rsa' && bits >= keyBitsMin) return certificate;
    throw new CodedError(
      'CONFIG',
      `enrolment.aws.certificates: expected an RSA key of ${keyBitsMin} bits or more, got ${type} of ${bits}: use the ` +
        'RSA-2048 certificate of the region, or set keyBitsMin: 1024 to take what older agents show',
    );
  });
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new CodedError('CONFIG', 'enrolment.aws.certificates: one of them cannot be read', cause);
  }
}

function isValidAt({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now && now <= validToDate.getTime();
}

function readDocument(text: string): IdentityDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CodedError('FORBIDDEN', 'expected an instance identity document in JSON', cause);
  }
  const result = IdentityDocument.safeParse(value);
  if (result.success) return result.data;
  const key = result.error.issues[0]?.path.join('.') ?? '';
  throw new CodedError('FORBIDDEN', `the instance identity document has no ${key} that we know`, result.error);
}

function refuseForeign({ accountId, region }: IdentityDocument, { accounts, regions }: AwsEnrolment): void {
  if (!accounts.includes(accountId)) refuse(`account ${accountId} is not in enrolment.aws.accounts`);
  if (!regions.includes(region)) refuse(`region ${region} is not in enrolment.aws.regions`);
}

function refuseOld({ pendingTime }: IdentityDocument, { maxAge }: AwsEnrolment, now: number): void {
  const age = now - Date.parse(pendingTime);
  if (age > durationMs(maxAge))
    refuse(`it was started more than ${maxAge} ago (enrolment.aws.maxAge): use a join token, or launch another`);
  if (age < -aheadMsMax) refuse('it says that it will be started in the future: is the server’s clock right?');
}

async function grant(tx: Db, identity: IdentityDocument, config: AwsEnrolment): Promise<Grant> {
  const { accountId, region, instanceId, imageId } = identity;
  const startedFrom = `aws:${region}:${imageId}`;
  const image = await findLinkedImage(tx, startedFrom);
  const rule = config.groups.find(
    (one) =>
      (one.account === undefined || one.account === accountId) &&
      (one.region === undefined || one.region === region) &&
      (one.image === undefined || one.image === imageId || one.image === image?.name),
  );
  if (rule === undefined) refuse(`no group of enrolment.aws.groups is for ${accountId} ${startedFrom}: add one`);
  const stored = await readGroup(tx, rule.group);
  if (stored === undefined) refuse(`there is no group ${rule.group}: declare it with \`pristinectl apply\``);
  return {
    by: 'aws',
    with: `account ${accountId}`,
    group: rule.group,
    labels: stored.group.labels,
    launchKey: null,
    providerId: instanceId,
    imageDigest: image?.digest ?? null,
    startedFrom,
    isMachineVouched: true,
  };
}

function refuse(why: string): never {
  throw new CodedError('FORBIDDEN', why);
}
