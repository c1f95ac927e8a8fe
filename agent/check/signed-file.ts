import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { z } from 'zod';
import { type Envelope, keyId, parseEnvelope, verifyEnvelope, writeEnvelope } from '../../shared/dsse.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { openStatement } from '../../shared/statement.ts';
import { readRegular } from '../collect/inside.ts';

/** How the signed files of a manifest directory are read. Throws UNREADABLE. */
export type ReadSigned = (file: string) => Buffer;

const envelopeBytesMax = 64 * 1024 * 1024;

/** Throws UNREADABLE. */
export function readSigned(path: string): Buffer {
  try {
    return readRegular(path, envelopeBytesMax);
  } catch (cause) {
    throw new CodedError('UNREADABLE', `expected a signed statement in ${path}: ${sentenceOf(cause)}`, cause);
  }
}

/** Reads from a directory. */
export function readFrom(dir: string): ReadSigned {
  return (file) => {
    try {
      return readRegular(join(dir, file), envelopeBytesMax);
    } catch (cause) {
      const what = `expected a manifest in ${dir}, as \`pristine bake --out\` makes it, and could not read ${file}: ${sentenceOf(cause)}`;
      throw new CodedError('UNREADABLE', what, cause);
    }
  };
}

/** One signed statement. Errors: UNREADABLE and those of `openStatement`. */
export function openSigned<S extends z.ZodType>(
  read: ReadSigned,
  file: string,
  keys: readonly KeyObject[],
  schema: S,
): { readonly statement: z.infer<S>; readonly bytes: Buffer } {
  const bytes = read(file);
  const envelope = parseEnvelope(bytes);
  const opened = openStatement(envelope, keys, schema);
  requireOneSpelling(bytes, envelope, keys);
  return opened;
}

/**
 * A signature covers the payload and not the file around it. We want any changed byte to be noticed, blanks and key ids
 * too, so an envelope in a manifest directory has exactly one spelling. (A keyid is still no more than a hint: it takes
 * no part in the decision whether a signature is good.)
 */
function requireOneSpelling(bytes: Buffer, envelope: Envelope, keys: readonly KeyObject[]): void {
  const signatures = envelope.signatures.map(({ keyid, sig }) => {
    const signer = keys.find((key) => isSignedBy({ ...envelope, signatures: [{ sig }] }, key));
    return { keyid: signer === undefined ? keyid : keyId(signer), sig: standardBase64(sig) };
  });
  const one = writeEnvelope({ ...envelope, payload: standardBase64(envelope.payload), signatures });
  if (!bytes.equals(Buffer.from(one))) {
    throw new CodedError('ENVELOPE', 'the signature is good, but the envelope around it is not as it was written');
  }
}

function isSignedBy(envelope: Envelope, key: KeyObject): boolean {
  try {
    verifyEnvelope(envelope, [key]);
    return true;
  } catch {
    return false;
  }
}

function standardBase64(text: string): string {
  return text.replaceAll('-', '+').replaceAll('_', '/');
}
