import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../../shared/digest.ts';
import { parseEnvelope, parsePublicKeys } from '../../../shared/dsse.ts';
import { CodedError, sentenceOf } from '../../../shared/errors.ts';
import { imageRef } from '../../../shared/image.ts';
import { ManifestStatement, manifestFiles } from '../../../shared/manifest.ts';
import { openStatement } from '../../../shared/statement.ts';
import type { Preflight } from '../provider.ts';

/** What agents that are started with these paths will say they are. Errors: CONFIG where they would refuse the manifest. */
export function signedImage({ manifest, pub }: { readonly manifest: string; readonly pub: string }): Preflight {
  try {
    const envelope = parseEnvelope(readFileSync(join(manifest, manifestFiles.manifest)));
    const { statement, bytes } = openStatement(envelope, parsePublicKeys(readFileSync(pub, 'utf8')), ManifestStatement);
    return { image: imageRef(statement.predicate.image), digest: digestOf(bytes) };
  } catch (cause) {
    throw new CodedError('CONFIG', `no agent would take the manifest ${manifest}: ${sentenceOf(cause)}`, cause);
  }
}
