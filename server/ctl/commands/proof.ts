import { readFileSync } from 'node:fs';
import { parseEnvelope, parsePublicKeys } from '../../../shared/dsse.ts';
import { CodedError } from '../../../shared/errors.ts';
import { imageRef } from '../../../shared/image.ts';
import { type ProofStatement, verifyProof } from '../../../shared/proof.ts';
import type { Context } from '../context.ts';
import { causeText } from '../words.ts';

/** With --pub no server is asked, which is the point of a proof: it holds without the one who made it. */
export async function verify(
  context: Context,
  [file = '']: readonly string[],
  { pub }: { readonly pub?: unknown },
): Promise<void> {
  const { out, json } = context;
  const envelope = parseEnvelope(read(file === '-' ? 0 : file, 'PROOF'));
  const pem = typeof pub === 'string' ? read(pub, 'KEY') : await context.remote.text('proof-key');
  const statement = verifyProof(envelope, parsePublicKeys(pem));
  if (json) return out.json(statement);
  tell(out, statement);
}

function tell(out: Context['out'], { predicate }: ProofStatement): void {
  const { cause, new: successor, old, policy, scan } = predicate;
  out.facts([
    ['proof', { text: 'holds', tone: 'good' }],
    ['replacement', predicate.replacementId],
    ['group', predicate.group],
    ['policy', `${policy.name}, version ${policy.version}`],
    ['cause', causeText(cause)],
    ['old', `${old.instanceId} (${old.providerId}), retired ${predicate.retiredAt}`],
    ['new', `${successor.instanceId} (${successor.providerId}), launched ${predicate.launchedAt}`],
    ['image', `${imageRef(successor.image)} ${successor.image.digest}`],
    ['scan', `${scan.verdict}: ${scan.coverage.checked} checked, no holes, ${scan.startedAt} to ${scan.finishedAt}`],
    ['proven', predicate.provenAt],
  ]);
}

function read(file: string | 0, code: 'PROOF' | 'KEY'): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CodedError(code === 'KEY' ? 'KEY' : 'NOT_FOUND', `could not read ${file || 'standard input'}`, cause);
  }
}
