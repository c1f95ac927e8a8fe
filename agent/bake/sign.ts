import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnvelope, signEnvelope, writeEnvelope } from '../../shared/dsse.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import type { Image } from '../../shared/image.ts';
import { manifestFiles } from '../../shared/manifest.ts';
import { checkDigest } from '../check/digest.ts';
import { openManifest } from '../check/open-manifest.ts';
import { readFrom } from '../check/signed-file.ts';
import { writeNew } from '../write-new.ts';
import { syncDirectory } from './output.ts';

/**
 * Adds a signature to a manifest and its rules. A signature vouches for what it covers, so the result is first verified
 * as on an instance, digests included. Errors: those of `openManifest`, DIGEST, IO.
 */
export async function sign(dir: string, key: KeyObject): Promise<Image> {
  const read = readFrom(dir);
  // The rules first: until the manifest itself is signed, nothing is accepted.
  const signed = new Map(
    [manifestFiles.rules, manifestFiles.manifest].map((file): [string, string] => [
      file,
      writeEnvelope(signEnvelope(parseEnvelope(read(file)), key)),
    ]),
  );
  const manifest = openManifest(dir, [createPublicKey(key)], (file) => Buffer.from(signed.get(file)!));
  try {
    await checkDigest(manifest);
  } finally {
    manifest.close();
  }
  for (const [file, text] of signed) replace(dir, file, text);
  return manifest.image;
}

function replace(dir: string, file: string, text: string): void {
  const draft = join(dir, `.${file}.${randomBytes(6).toString('hex')}`);
  try {
    writeNew(draft, text);
    renameSync(draft, join(dir, file));
    syncDirectory(dir);
  } catch (cause) {
    throw new CodedError('IO', `could not write ${file} in ${dir}: ${sentenceOf(cause)}`, cause);
  }
}
