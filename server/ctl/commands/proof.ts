import { readFileSync } from 'node:fs';
import { type Envelope, parseEnvelope, parsePublicKeys } from '../../../shared/dsse.ts';
import { CodedError } from '../../../shared/errors.ts';
import { imageRef } from '../../../shared/image.ts';
import { type AssuranceLevel, type ProofStatement, verifyProof } from '../../../shared/proof.ts';
import { parseRevocations, type Revocation, revocationOf } from '../../../shared/revocation.ts';
import type { Context } from '../context.ts';
import { causeText } from '../words.ts';

interface Options {
  readonly pub?: unknown;
  readonly revocations?: unknown;
}

/** With --pub no server is asked, which is the point of a proof: it holds without the one who made it. */
export async function verify(context: Context, [file = '']: readonly string[], options: Options): Promise<void> {
  const { out, json } = context;
  const envelope = parseEnvelope(read(file === '-' ? 0 : file, 'PROOF'));
  const { pub } = options;
  const pem = typeof pub === 'string' ? read(pub, 'KEY') : await context.remote.text('proof-key');
  const keys = parsePublicKeys(pem);
  const statement = verifyProof(envelope, keys);
  const revocations = await readRevocations(context, options);
  const revoked = revocations && revocationOf(envelope, revocations, keys);
  if (revoked) {
    throw new CodedError(
      'PROOF',
      `the proof was revoked at ${revoked.revokedAt}: its instance drifted again, seen at ${revoked.seenAt}: ${revoked.shape}`,
    );
  }
  if (json) return out.json(statement);
  tell(out, statement, revocations);
}

export async function revocations({ remote, out, json }: Context): Promise<void> {
  const page = await remote.list<Revocation>('proof-revocations');
  if (json) return out.json(page);
  out.table(
    ['REPLACEMENT', 'GROUP', 'INSTANCE', 'REVOKED', 'SHAPE'],
    page.items.map((one) => [one.replacementId, one.group, one.instanceId, one.revokedAt, one.shape]),
  );
}

/** Undefined where nobody has said which there are: that none is known is not that there is none. */
async function readRevocations(context: Context, { pub, revocations: file }: Options) {
  if (typeof file === 'string') return parseRevocations(read(file, 'PROOF'));
  if (typeof pub === 'string') return undefined;
  // Looked up only here: whoever has no server has no token either.
  return (await context.remote.list<Revocation>('proof-revocations')).items.map(({ envelope }) => envelope);
}

const worth: Record<AssuranceLevel, string> = {
  PRISTINE_SOFTWARE: 'software: its agent measured it',
  PRISTINE_CLOUD_IDENTITY: 'cloud identity: its agent measured it, and its cloud vouched for it',
  PRISTINE_OUTSIDE_LOOK: 'outside look: its agent measured it, and the server saw its disk',
};

function tell(out: Context['out'], { predicate }: ProofStatement, revocations: readonly Envelope[] | undefined): void {
  const { cause, new: successor, old, policy, scan, soak, exempted, approvals } = predicate;
  const scanned = ({ verdict, coverage, startedAt, finishedAt }: typeof scan) =>
    `${verdict}: ${coverage.checked} checked, no holes, ${startedAt} to ${finishedAt}`;
  out.facts([
    ['proof', { text: 'holds', tone: 'good' }],
    [
      'revoked',
      revocations === undefined
        ? { text: 'nobody has looked: give --revocations', tone: 'warn' }
        : `no: in none of ${revocations.length} revocations`,
    ],
    ['worth', predicate.verifiedLevels.map((level) => worth[level]).join(', ')],
    ['replacement', predicate.replacementId],
    ['group', predicate.group],
    ['policy', `${policy.name}, version ${policy.version} sha256:${policy.digest.sha256}`],
    ['plan', `of ${predicate.plan.plannedAt} sha256:${predicate.plan.digest.sha256}`],
    ['approved', approvals.map(({ actor, at }) => `${actor} at ${at}`).join(', ') || null],
    ['cause', causeText(cause)],
    ['shapes', predicate.shapes.join(', ') || null],
    ['old', `${old.instanceId} (${old.providerId}), retired ${predicate.retiredAt}`],
    ['new', `${successor.instanceId} (${successor.providerId}), launched ${predicate.launchedAt}`],
    ['image', `${imageRef(successor.image)} ${successor.image.digest}`],
    ...predicate.inputAttestations.map(
      ({ uri, digest }) => ['measured with', `${uri} sha256:${digest.sha256}`] as const,
    ),
    ['scan', scanned(scan)],
    ['after the soak', scanned(soak.scan)],
    ...exemptedFacts(exempted),
    ['signed', predicate.timeVerified],
  ]);
}

/** One a line: whoever reads a proof has to see what it does not say. */
function exemptedFacts(exempted: ProofStatement['predicate']['exempted']): readonly (readonly [string, string])[] {
  if (exempted.length === 0) return [['exempted', 'nothing']];
  return exempted.map(({ severity, subject, name, exemption, until }) => {
    const by = exemption === undefined ? 'of no weight' : `by ${exemption} until ${until}`;
    return ['exempted', `${severity} ${subject} ${name}: ${by}`] as const;
  });
}

function read(file: string | 0, code: 'PROOF' | 'KEY'): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CodedError(code === 'KEY' ? 'KEY' : 'NOT_FOUND', `could not read ${file || 'standard input'}`, cause);
  }
}
